import { EXIT } from '../../../src/cli/exitCodes.ts'
import { loadMigrations } from '../../../src/store/migrate.ts'
import {
  type DaemonProcess,
  PATIENT,
  runDaemon,
  startDaemonProcess,
  until,
} from '../../supervise/daemonProcess.ts'
import { startLoad, warmUp } from '../../supervise/load.ts'
import { type FaultRun, verdict } from '../faultRun.ts'
import { missingPostgres, openPostgresSite, type PostgresSite } from '../postgresSite.ts'

/** A worker that could not serve is tried again every five seconds at most, and has to start then. */
const BACK_MS = 5_000

/** The schema becomes older or newer than the daemon while it runs. */
export const schema: FaultRun = {
  name: 'schema',
  about:
    'the schema becomes one version newer, two newer and older under load while workers are killed: one ahead is ' +
    'served, otherwise those that run serve on, new ones say what to do and serve by themselves once it fits',
  unit: 'rounds',
  long: 5,
  short: 1,
  missing: missingPostgres,
  async run(count, tell) {
    const { wrong, late, unless, inTime } = verdict()
    await using postgres = await openPostgresSite({ tables: PATIENT })
    const { site } = postgres
    const expected = (await loadMigrations()).at(-1)!.version
    const daemon = await startDaemonProcess(site)
    const back: number[] = []
    const said = new Set<string>()
    try {
      const port = await daemon.port()
      await warmUp(port)
      const load = startLoad(() => port, { connections: 2, pauseMs: 20 })
      for (let round = 0; round < count; round++) {
        for (const [what, version, fits] of [
          ['one newer', expected + 1, true],
          ['two newer', expected + 2, false],
          ['older', expected - 1, false],
        ] as const) {
          tell(`round ${round}, ${what}`)
          await setVersion(postgres, version)
          const from = daemon.log.length
          await killFirst(daemon)
          if (!fits) {
            const { detail } = await daemon.line('a worker cannot serve', from)
            said.add(String(detail))
            const { workers } = await daemon.status()
            unless(workers[1]?.state === 'serving', `${what}: the other worker does not serve`)
            const refused = await daemon.reload()
            unless(refused.ok, `${what}: a reload is refused: ${refused.findings[0]?.what}`)
            await setVersion(postgres, expected)
          }
          const since = performance.now()
          await until(async () => (await daemon.status()).workers.every(({ state }) => state === 'serving'))
          if (!fits) back.push(performance.now() - since)
        }
      }
      const { issued, refused, broken, mismatched } = await load.stop()
      const kills = count * 3
      unless(refused.length === 0, `${refused.length} refused: ${refused[0]}`)
      unless(broken.length <= 2 * kills, `${broken.length} connections broke`)
      unless(mismatched === 0, `${mismatched} ACs with a wrong signature`)
      unless(issued > kills, `only ${issued} ACs came`)
      inTime(Math.max(...back), 2 * BACK_MS, 'served again')

      await daemon.stop()
      const starts: string[] = []
      for (const version of [expected - 1, expected + 2]) {
        await setVersion(postgres, version)
        const { code, err } = await runDaemon(site).ended
        unless(code === EXIT.database, `a start over version ${version} ends with ${code}`)
        starts.push(err.trim().replace(/^vouchd: /, ''))
      }
      unless(/run vouchd .*migrate/.test(starts[0]!), `older: ${starts[0]}`)
      unless(starts[1]!.includes('install a newer vouchd'), `newer: ${starts[1]}`)
      return {
        figures: {
          'workers killed': kills,
          issued,
          refused: refused.length,
          'connections broken': broken.length,
          'served again after ms, longest': Math.round(Math.max(...back)),
          'what new workers said': [...said].join('; '),
          'a start over an older one': starts[0]!,
          'over a newer one': starts[1]!,
        },
        wrong,
        late,
      }
    } finally {
      await daemon.stop()
    }
  },
}

/** As a program of that version would leave it. */
async function setVersion({ db }: PostgresSite, version: number): Promise<void> {
  await db.query('delete from vouchd.schema_version')
  await db.query(`insert into vouchd.schema_version (version, name) values ($1, 'a test')`, [version])
}

async function killFirst(daemon: DaemonProcess): Promise<void> {
  const { pid } = (await daemon.status()).workers[0]!
  process.kill(pid!, 'SIGKILL')
  await until(async () => (await daemon.status()).workers[0]!.pid !== pid)
}
