// How long the daemon takes from its start until it is ready, and what processor time goes into it, by process; over an
// embedded database and over PostgreSQL: node bench/load/start.ts [ROUNDS] [MAIN]. MAIN is another build's main.js.
import { siteOver } from '../../test/faults/drillRestore.ts'
import { startPostgres } from '../../test/store/postgresCluster.ts'
import { runCommand, runDaemon, type SiteFolder } from '../../test/supervise/daemonProcess.ts'
import { processorTimeOf } from './processorTime.ts'

const [rounds = '5', main] = process.argv.slice(2)
interface Start {
  readonly wall: number
  readonly supervisor: number
  readonly worker: number
  readonly database: number | undefined
}

async function start(site: SiteFolder): Promise<Start> {
  const began = performance.now()
  const daemon = runDaemon(site, main === undefined ? {} : { command: [process.execPath, main] })
  try {
    await daemon.line('ready')
    const wall = (performance.now() - began) / 1000
    const { pid, workers, databasePid } = await daemon.status()
    const each = workers.map(worker => processorTimeOf(worker.pid!))
    const database = databasePid === undefined ? undefined : processorTimeOf(databasePid)
    const children = each.reduce((sum, one) => sum + one, database ?? 0)
    return { wall, supervisor: processorTimeOf(pid) - children, worker: Math.max(...each), database }
  } finally {
    await daemon.stop()
  }
}

async function measure(name: string, site: SiteFolder): Promise<void> {
  try {
    const { code, err } = await runCommand(site, 'migrate')
    if (code !== 0) throw new Error(err)
    const starts: Start[] = []
    for (let round = 0; round < Number(rounds); round++) starts.push(await start(site))
    const least = (pick: (start: Start) => number) => Math.min(...starts.map(pick)).toFixed(2)
    const median = (pick: (start: Start) => number) =>
      starts
        .map(pick)
        .toSorted((a, b) => a - b)
        [Math.floor(starts.length / 2)]!.toFixed(2)
    const row = (title: string, pick: (start: Start) => number) =>
      console.log(`${name}  ${title.padEnd(22)} median ${median(pick)} s, least ${least(pick)} s`)
    row('until ready', each => each.wall)
    row('processor, supervisor', each => each.supervisor)
    row('processor, a worker', each => each.worker)
    if (starts[0]?.database !== undefined) row('processor, database', each => each.database!)
  } finally {
    site.remove()
  }
}

await measure('embedded  ', siteOver(undefined))
const cluster = await startPostgres()
try {
  await measure('PostgreSQL', siteOver(cluster.createDatabase()))
} finally {
  cluster.dispose()
}
