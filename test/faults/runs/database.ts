import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { quantile } from '../../../bench/load/statistics.ts'
import { askRest, userNamed } from '../../e2e/daemon.ts'
import { PATIENT, startDaemonProcess } from '../../supervise/daemonProcess.ts'
import { startLoad, warmUp } from '../../supervise/load.ts'
import { type FaultRun, verdict } from '../faultRun.ts'
import {
  addMember,
  memberName,
  missingPostgres,
  openPostgresSite,
  type PostgresSite,
} from '../postgresSite.ts'
import { OBSERVED, openScraper, total } from '../scraper.ts'

interface DatabaseFault {
  readonly name: string
  /** Begins it, and gives how it ends. */
  begin(postgres: PostgresSite): Promise<() => Promise<void>>
  /** Whoever is not in the cache is served all the same. */
  readonly harmless?: true
}

const FAULTS: readonly DatabaseFault[] = [
  {
    name: 'stopped',
    async begin({ cluster }) {
      cluster.stop()
      return async () => cluster.start()
    },
  },
  {
    name: 'SIGSTOP',
    async begin({ cluster }) {
      cluster.signal('SIGSTOP')
      return async () => cluster.signal('SIGCONT')
    },
  },
  { name: 'black hole', begin: postgres => onTheWay(postgres, 'blackHole') },
  { name: 'reset', begin: postgres => onTheWay(postgres, 'reset') },
  { name: 'slow, 10 s', begin: postgres => onTheWay(postgres, 'slow') },
  { name: 'no connections', begin: takeAllConnections },
  {
    name: 'read-only',
    harmless: true,
    async begin({ cluster, database }) {
      cluster.psql('postgres', `alter database ${database} set default_transaction_read_only = on`)
      endSessions(cluster, database)
      return async () => {
        cluster.psql('postgres', `alter database ${database} reset default_transaction_read_only`)
      }
    },
  },
]

const CONNECTIONS = 4
const RECOVERY_MS = 5_000
/** Whoever is not in the cache is told so by then: all that he is looked up with is given up after 1.5 s. */
const ANSWER_MS = 2_000
/** Of the requests of cached members. */
const SERVED = 0.999
/** Below this a wait bothers nobody, whatever it is a multiple of. */
const SHORT_WAIT_MS = 250

/** G7: whatever the database does, cached members are served, and it is made use of again by itself. */
export const database: FaultRun = {
  name: 'database',
  about:
    `PostgreSQL misbehaves under load, so long each: ${FAULTS.map(({ name }) => name).join('; ')}. Cached members ` +
    'are served, others are told within two seconds, and all is well 5 s after',
  unit: 'seconds each',
  long: 60,
  short: 3,
  missing: missingPostgres,
  async run(seconds, tell) {
    const { wrong, late, unless, inTime } = verdict()
    const figures: Record<string, string | number> = {}
    await using postgres = await openPostgresSite({
      tables: { ...OBSERVED, ...PATIENT },
      settings: { max_connections: '30' },
    })
    const daemon = await startDaemonProcess(postgres.site)
    try {
      const port = await daemon.port()
      const scrape = await openScraper(daemon)
      let strangers = 0
      /** Asks as a member whom nobody has looked up yet. */
      const askUncached = async () => {
        const began = performance.now()
        const answer = await askRest(port, [userNamed(memberName(strangers++))])
        return { answer, ms: performance.now() - began }
      }
      for (let number = 0; number < FAULTS.length * (seconds + 60); number++) {
        await addMember(postgres.db, memberName(number))
      }
      await warmUp(port)
      const load = startLoad(() => port, { connections: CONNECTIONS, pauseMs: 20 })
      await sleep(Math.min(seconds, 20) * 1000)
      const quiet = await load.stop()
      const quietP99 = Math.round(quantile(quiet.waits, 0.99))
      figures['without a fault'] = `${quiet.issued} issued, p99 ${quietP99} ms`
      unless(quiet.refused.length + quiet.broken.length === 0, `refused without a fault: ${quiet.refused[0]}`)

      for (const fault of FAULTS) {
        const under = startLoad(() => port, { connections: CONNECTIONS, pauseMs: 20 })
        const end = await fault.begin(postgres)
        const said = new Map<string, number>()
        let slowest = 0
        let waiting = 0
        const until = performance.now() + seconds * 1000
        while (performance.now() < until) {
          tell(`${fault.name}, ${Math.round((until - performance.now()) / 1000)} s left`)
          const { answer, ms } = await askUncached()
          const text = answer.ac === undefined ? `${answer.status} ${answer.code}` : 'issued'
          said.set(text, (said.get(text) ?? 0) + 1)
          slowest = Math.max(slowest, ms)
          waiting = Math.max(
            waiting,
            total(await scrape(), 'vouchd_db_pool_connections', { state: 'waiting' }),
          )
          await sleep(Math.min(900, seconds * 100))
        }
        const up = total(await scrape(), 'vouchd_db_up')
        await end()
        const lifted = performance.now()
        // Both processes have to have come back: eight in a row are hardly all of one.
        let back = lifted
        for (let good = 0; good < 8 && performance.now() - lifted < 30_000; ) {
          const { answer } = await askUncached()
          good = answer.ac === undefined ? 0 : good + 1
          if (answer.ac === undefined) {
            back = performance.now()
            await sleep(50)
          }
        }
        const recovery = Math.round(back - lifted)
        const { issued, refused, broken, mismatched, waits } = await under.stop()
        const p99 = Math.round(quantile(waits, 0.99))
        const bad = refused.length + broken.length
        figures[fault.name] =
          `${issued} issued, ${bad} not, p99 ${p99} ms; others: ` +
          `${[...said].map(([text, times]) => `${times} x ${text}`).join(', ')}, at most ${Math.round(slowest)} ms; ` +
          `db_up ${up}, at most ${waiting} waiting; back after ${recovery} ms`
        unless(
          bad <= (1 - SERVED) * (issued + bad),
          `${fault.name}: ${bad} of cached members not served: ${refused[0] ?? broken[0]}`,
        )
        unless(mismatched === 0, `${fault.name}: ${mismatched} ACs with a wrong signature`)
        inTime(p99, Math.max(2 * quietP99, SHORT_WAIT_MS), `${fault.name}: p99`)
        inTime(slowest, ANSWER_MS, `${fault.name}: an answer to others`)
        inTime(recovery, RECOVERY_MS, `${fault.name}: back`)
        unless(
          fault.harmless === undefined || ([...said.keys()].join() === 'issued' && up === 1),
          `${fault.name}: others were told ${[...said.keys()].join()}`,
        )
        unless(fault.harmless === true || up === 0, `${fault.name}: db_up is ${up}`)
      }
      return { figures, wrong, late }
    } finally {
      await daemon.stop()
    }
  },
}

async function onTheWay(
  { proxy }: PostgresSite,
  fault: Parameters<PostgresSite['proxy']['set']>[0],
): Promise<() => Promise<void>> {
  proxy.set(fault)
  return async () => proxy.set(undefined)
}

/** Ends the sessions of the daemon, as a server that restarts does. */
function endSessions(cluster: PostgresSite['cluster'], database: string): void {
  cluster.psql(
    'postgres',
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}' and usename = 'serving'`,
  )
}

/** Others take all the connections that the server has, and the daemon's are ended. */
async function takeAllConnections(postgres: PostgresSite): Promise<() => Promise<void>> {
  const { cluster, database } = postgres
  const greedy: pg.Client[] = []
  const take = async () => {
    for (;;) {
      const client = new pg.Client({
        host: '127.0.0.1',
        port: postgres.serverPort,
        user: 'serving',
        database: 'postgres',
      })
      client.on('error', () => {})
      try {
        await client.connect()
        greedy.push(client)
      } catch {
        return
      }
    }
  }
  await take()
  // What the daemon lets go of is taken before it can have it back.
  for (let round = 0; round < 5; round++) {
    endSessions(cluster, database)
    await take()
  }
  return async () => {
    await Promise.all(greedy.map(client => client.end()))
  }
}
