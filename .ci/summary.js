// Prints one line of counts from vitest's JSON report, and fails when a demanded suite failed or did not run.
import { readFileSync } from 'node:fs'

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const DEMANDED = [
  'test/interop/vomsProxyInit2.test.ts',
  'test/interop/vomsProxyInit3.test.ts',
  'test/interop/arcproxy.test.ts',
  'test/interop/curl.test.ts',
  'test/interop/hostCertificates.test.ts',
  'test/differential/differential.test.ts',
  'test/package/debian.test.ts',
  'test/adopt/dropIn.test.ts',
  'test/adopt/dropInReload.test.ts',
  'test/adopt/importPostgres.test.ts',
  'test/adopt/liveSource.test.ts',
  'test/adopt/switchOver.test.ts',
  'test/cli/adminPostgres.test.ts',
  'test/cli/migratePostgres.test.ts',
  'test/faults/faults.test.ts',
  'test/faults/restoreDrill.test.ts',
  'test/store/postgresConnection.test.ts',
  'test/systemd/units.test.ts',
]

const skipped = report.testResults.flatMap(file =>
  file.assertionResults
    .filter(test => test.status !== 'passed' && test.status !== 'failed')
    .map(test => test.fullName),
)
for (const name of skipped) console.log(`skipped: ${name}`)

const notRun = DEMANDED.filter(path => {
  const tests = report.testResults.find(({ name }) => name.endsWith(path))?.assertionResults ?? []
  return tests.length === 0 || tests.some(({ status }) => status !== 'passed')
})
for (const path of notRun) console.log(`demanded, but failed or did not run: ${path}`)

// A file that cannot be loaded has no tests to count.
const broken = report.testResults.filter(
  file => file.status === 'failed' && file.assertionResults.length === 0,
)
for (const file of broken) console.log(`did not load: ${file.name}`)

const failed = report.numFailedTests + broken.length
console.log(`tests: ${report.numPassedTests} passed, ${failed} failed, ${skipped.length} skipped`)
process.exitCode = failed > 0 || notRun.length > 0 ? 1 : 0
