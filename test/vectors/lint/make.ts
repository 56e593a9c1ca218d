// Writes the vectors again, one folder for each rule. Only for a commit that says why they change.
import { mkdirSync, writeFileSync } from 'node:fs'
import { LINT_CASES } from '../../fakes/lintCases.ts'

for (const [rule, cases] of Object.entries(LINT_CASES)) {
  mkdirSync(new URL(`${rule}/`, import.meta.url), { recursive: true })
  for (const [name, make] of Object.entries(cases)) {
    writeFileSync(new URL(`${rule}/${name}.der`, import.meta.url), make())
  }
}
