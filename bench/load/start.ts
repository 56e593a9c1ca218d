// How long the daemon takes from its start until it is ready, and what processor time goes into it, by process; over an
// embedded database and over PostgreSQL. Run: node bench/load/start.ts [options]; --help tells them.
import { existsSync } from 'node:fs'
import { siteOver } from '../../test/faults/drillRestore.ts'
import { startPostgres } from '../../test/store/postgresCluster.ts'
import { runCommand, runDaemon, type SiteFolder } from '../../test/supervise/daemonProcess.ts'
import { readOptions, someOf, whole } from '../commandLine.ts'
import { printResult } from '../printResult.ts'
import { processorTimeOf } from './processorTime.ts'
import { median } from './statistics.ts'

const DATABASES = ['embedded', 'postgres'] as const
const values = readOptions('node bench/load/start.ts [options]', {
  rounds: { value: '5', about: 'starts over each kind of database' },
  main: { value: '', shape: 'FILE', about: "another build's main.js; by default the checkout's sources" },
  databases: { value: DATABASES.join(','), shape: 'LIST', about: 'embedded, postgres' },
})
const rounds = whole(values.rounds, 'rounds', 1, 100)
const databases = someOf(values.databases, 'databases', DATABASES)
const { main } = values
if (main !== '' && !existsSync(main)) {
  console.error(`--main: ${main} is not there`)
  process.exit(2)
}

/** Seconds. */
interface Start {
  readonly untilReady: number
  /** Processor time. */
  readonly supervisor: number
  readonly worker: number
  readonly database: number | undefined
}

async function start(site: SiteFolder): Promise<Start> {
  const began = performance.now()
  const daemon = runDaemon(site, main === '' ? {} : { command: [process.execPath, main] })
  try {
    await daemon.line('ready')
    const untilReady = (performance.now() - began) / 1000
    const { pid, workers, databasePid } = await daemon.status()
    const each = workers.map(worker => processorTimeOf(worker.pid!))
    const database = databasePid === undefined ? undefined : processorTimeOf(databasePid)
    const children = each.reduce((sum, one) => sum + one, database ?? 0)
    return { untilReady, supervisor: processorTimeOf(pid) - children, worker: Math.max(...each), database }
  } finally {
    await daemon.stop()
  }
}

async function measure(kind: (typeof DATABASES)[number], site: SiteFolder) {
  try {
    const { code, err } = await runCommand(site, 'migrate')
    if (code !== 0) throw new Error(err)
    const starts: Start[] = []
    for (let round = 0; round < rounds; round++) starts.push(await start(site))
    const row = (what: string, pick: (start: Start) => number | undefined) => {
      const seconds = starts.map(pick).filter(each => each !== undefined)
      return { database: kind, what, medianSeconds: median(seconds), leastSeconds: Math.min(...seconds) }
    }
    return [
      row('until ready', each => each.untilReady),
      row('processor time, supervisor', each => each.supervisor),
      row('processor time, a worker', each => each.worker),
      ...(kind === 'embedded' ? [row('processor time, database', each => each.database)] : []),
    ]
  } finally {
    site.remove()
  }
}

async function measurePostgres() {
  const cluster = await startPostgres()
  try {
    return await measure('postgres', siteOver(cluster.createDatabase()))
  } finally {
    cluster.dispose()
  }
}

const rows = []
for (const kind of databases) {
  rows.push(...(kind === 'embedded' ? await measure(kind, siteOver(undefined)) : await measurePostgres()))
}
printResult({ benchmark: 'start', setting: { rounds, main }, node: process.version, rows }, values.json)
