// What the audit costs a daemon: the same load on two, one with it and one without, in interleaved rounds of full TLS
// connections. Run: node bench/load/audit.ts [options]; --help tells them.
import { readOptions, whole } from '../commandLine.ts'
import { printResult } from '../printResult.ts'
import { versus } from './versus.ts'
import { VERSUS_OPTIONS, versusLoad } from './versusOptions.ts'

const values = readOptions('node bench/load/audit.ts [options]', {
  ...VERSUS_OPTIONS,
  workers: { value: '1', about: 'processes that serve' },
})
const load = versusLoad(values)
const workers = whole(values.workers, 'workers', 0, 64)
const processes = `[processes]\nworkers = ${workers}\n`
const { microseconds, perSecond, ...ratios } = await versus(
  [
    { host: 'rsa', config: processes },
    { host: 'rsa', config: `${processes}[audit]\nenabled = false\n` },
  ],
  load,
)
const [auditedMicroseconds, plainMicroseconds] = microseconds
const [auditedPerSecond, plainPerSecond] = perSecond
printResult(
  {
    benchmark: 'audit',
    setting: { ...load, workers },
    node: process.version,
    ...ratios,
    ...{ auditedMicroseconds, plainMicroseconds, auditedPerSecond, plainPerSecond },
  },
  values.json,
)
