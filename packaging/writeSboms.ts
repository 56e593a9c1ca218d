// npm run sbom: dist/vouchd.cdx.json and dist/vouchd.spdx.json, what production is made of.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { originOf, ROOT } from './origin.ts'
import { sbom } from './sbom.ts'

const folder = join(ROOT, 'dist')
mkdirSync(folder, { recursive: true })
const origin = originOf()
for (const [format, name] of [
  ['cyclonedx', 'vouchd.cdx.json'],
  ['spdx', 'vouchd.spdx.json'],
] as const) {
  writeFileSync(join(folder, name), sbom(format, origin))
  console.log(join(folder, name))
}
