// Writes the golden ACs again. Only for a commit that says why the bytes change.
import { writeFileSync } from 'node:fs'
import { GOLDEN_CASES, goldenIssuer, makeGolden } from '../../fakes/goldenAcs.ts'

for (const name of Object.keys(GOLDEN_CASES)) {
  writeFileSync(new URL(`${name}.der`, import.meta.url), makeGolden(name).ac)
}
writeFileSync(new URL('issuer.pem', import.meta.url), goldenIssuer.pem)
