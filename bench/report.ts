// The page and the charts of what `npm run bench` kept, and the tables of the README beside this file. Run: npm run bench:report -- [options]; --help tells them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readOptions } from './commandLine.ts'
import { fillBlocks } from './report/fillBlocks.ts'
import { makeReport } from './report/makeReport.ts'
import { readmeBlocks } from './report/readmeBlocks.ts'
import { readReports } from './report/readReports.ts'

const values = readOptions('npm run bench:report -- [options]', {
  results: { value: '', shape: 'FOLDER', about: 'what npm run bench kept; bench/results/ by default' },
  out: { value: '', shape: 'FOLDER', about: 'where page and charts go; docs/ by default' },
})
const folder = (given: string, usual: string) =>
  given === '' ? fileURLToPath(new URL(usual, import.meta.url)) : given
const out = folder(values.out, '../docs/')
const reports = readReports(folder(values.results, './results/'))
if (Object.keys(reports).length === 0) {
  console.error('there are no results: npm run bench makes them')
  process.exit(1)
}
mkdirSync(out, { recursive: true })
const files = makeReport(reports)
for (const [name, text] of files) writeFileSync(join(out, name), text)
// A report of other results, or for another place, leaves the repository as it is.
if (values.results === '' && values.out === '') {
  const readme = fileURLToPath(new URL('./README.md', import.meta.url))
  writeFileSync(readme, fillBlocks(readFileSync(readme, 'utf8'), readmeBlocks(reports)))
}
console.log(values.json ? JSON.stringify([...files.keys()]) : [...files.keys()].join('\n'))
