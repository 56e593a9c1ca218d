import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from '../../../bench/load/statistics.ts'
import { userNamed } from '../../e2e/daemon.ts'
import { type DaemonProcess, PATIENT, startDaemonProcess, until } from '../../supervise/daemonProcess.ts'
import { type FaultRun, verdict } from '../faultRun.ts'
import { type KeptClient, openClientPerWorker } from '../keptClient.ts'
import { memberName, missingPostgres, openPostgresSite, type PostgresSite } from '../postgresSite.ts'

const LANES = 6
/** Without a notification the next poll brings it; nothing may take longer. */
const MAX_MS = 5_000
const P99_MS = 1_000
/** A poll each second, and the time that a busy machine takes for it. */
const P99_WITHOUT_LISTEN_MS = 2_000

/** How long after the commit the last AC came, of all processes, in milliseconds. */
type Delays = number[]

/** One member, asking every process without a pause. */
interface Lane {
  readonly name: string
  clients: ReadonlyMap<number, KeptClient>
}

/** G2: a suspension bites in every process, and stays. */
export const suspensions: FaultRun = {
  name: 'suspensions',
  about:
    'members are suspended one after another while they ask every process; also without notifications, by a ' +
    'transaction that commits late, while a process starts, and without a database',
  unit: 'suspensions',
  long: 1000,
  short: 12,
  missing: missingPostgres,
  async run(count, tell) {
    const { wrong, late, inTime } = verdict()
    const graceSeconds = count >= 500 ? 10 : 4
    await using postgres = await openPostgresSite({
      members: LANES,
      vo: 'keepAliveSeconds = 60\n',
      tables: { directory: `graceSeconds = ${graceSeconds}`, ...PATIENT },
    })
    const { site, proxy } = postgres
    const daemon = await startDaemonProcess(site)
    const lanes: Lane[] = []
    try {
      const port = await daemon.port()
      for (let number = 0; number < LANES; number++) {
        const name = memberName(number)
        lanes.push({ name, clients: await openClientPerWorker(daemon, port, userNamed(name)) })
      }

      const plain = await suspendInTurn(postgres, lanes, count, done => tell(`${done} suspensions`))
      bounded('with notifications', plain, P99_MS)

      proxy.set('cut', LISTENS)
      const few = Math.max(LANES, Math.round(count / 10))
      const deaf = await suspendInTurn(postgres, lanes, few, done => tell(`${done} without notifications`))
      bounded('without notifications', deaf, P99_WITHOUT_LISTEN_MS)

      // The notification is lost with the connection, at the very moment.
      const lost: Delays = []
      for (let turn = 0; turn < Math.max(2, Math.round(count / 50)); turn++) {
        tell(`${turn} with the notification lost`)
        proxy.set(undefined)
        await until(() => listening(postgres))
        lost.push(await suspendOnce(postgres, lanes[turn % LANES]!, async () => proxy.set('cut', LISTENS)))
      }
      bounded('notification lost at the commit', lost, P99_WITHOUT_LISTEN_MS)
      proxy.set(undefined)

      const openSeconds = count >= 500 ? 30 : 2
      tell(`a transaction of ${openSeconds} s that commits after others`)
      const outOfOrder = await commitLate(postgres, lanes, openSeconds)
      bounded('committed late', outOfOrder, P99_WITHOUT_LISTEN_MS)

      const starting: Delays = []
      for (let turn = 0; turn < Math.max(1, Math.round(count / 100)); turn++) {
        tell(`${turn} while a process starts`)
        starting.push(await suspendDuringStart(postgres, daemon, port, lanes[turn % LANES]!))
      }
      bounded('while a process starts', starting, P99_WITHOUT_LISTEN_MS)

      tell('without a database')
      const away = await suspendWithoutDatabase(postgres, lanes[0]!)
      inTime(away.seconds * 1000, (graceSeconds + 5) * 1000, 'without a database ACs were given')
      return {
        figures: {
          suspensions: plain.length,
          'p50 ms': Math.round(quantile(plain, 0.5)),
          'p99 ms': Math.round(quantile(plain, 0.99)),
          'longest ms': Math.round(Math.max(...plain)),
          'without notifications': deaf.length,
          'its p99 ms': Math.round(quantile(deaf, 0.99)),
          'its longest ms': Math.round(Math.max(...deaf)),
          'notification lost': lost.length,
          'lost, longest ms': Math.round(Math.max(...lost)),
          'committed late, longest ms': Math.round(Math.max(...outOfOrder)),
          'process starting, longest ms': Math.round(Math.max(...starting)),
          'ACs for so long without database, s': away.seconds,
          'its answer': away.answer,
        },
        wrong,
        late,
      }
    } finally {
      for (const { clients } of lanes) for (const client of clients.values()) client.close()
      await daemon.stop()
    }

    function bounded(what: string, delays: Delays, p99: number): void {
      inTime(quantile(delays, 0.99), p99, `${what}: p99`)
      inTime(Math.max(...delays), MAX_MS, `${what}: the longest`)
    }
  },
}

/** What the connection for notifications calls itself. */
const LISTENS = 'vouchd listen'

async function setSuspended({ db }: PostgresSite, name: string, suspended: boolean): Promise<void> {
  await db.query('update vouchd.member set suspended = $2 where source_id = $1', [name, suspended])
}

async function suspendInTurn(
  postgres: PostgresSite,
  lanes: readonly Lane[],
  count: number,
  tell: (done: number) => void,
): Promise<Delays> {
  const delays: Delays = []
  let begun = 0
  await Promise.all(
    lanes.map(async lane => {
      while (begun++ < count) {
        delays.push(await suspendOnce(postgres, lane))
        tell(delays.length)
      }
    }),
  )
  return delays
}

/** Suspends an active member who asks meanwhile, looks that it lasts, and makes him active again. */
async function suspendOnce(
  postgres: PostgresSite,
  lane: Lane,
  before: () => Promise<void> = async () => {},
): Promise<number> {
  await everyoneSays(lane, ISSUED)
  const asking = askUntilRefused(lane)
  await before()
  await setSuspended(postgres, lane.name, true)
  const committed = performance.now()
  const last = await asking
  await staysRefused(lane)
  await setSuspended(postgres, lane.name, false)
  return Math.max(0, last - committed)
}

const ISSUED = 'issued'
const SUSPENDED = 'SuspendedUser'

/** Every process has answered so. */
async function everyoneSays({ clients, name }: Lane, wanted: string): Promise<void> {
  const end = performance.now() + 30_000
  for (const client of clients.values()) {
    while ((await answerOf(client)) !== wanted) {
      if (performance.now() > end) throw new Error(`${name}: not ${wanted} within 30 s`)
      await sleep(5)
    }
  }
}

async function answerOf(client: KeptClient): Promise<string | undefined> {
  const { serial, code } = await client.ask()
  return serial === undefined ? code : ISSUED
}

/** Asks every process until it has refused, and gives when the last AC came. */
async function askUntilRefused({ clients, name }: Lane): Promise<number> {
  let last = 0
  const end = performance.now() + 60_000
  await Promise.all(
    [...clients.values()].map(async client => {
      while ((await answerOf(client)) !== SUSPENDED) {
        last = Math.max(last, performance.now())
        if (last > end) throw new Error(`${name}: not refused within 60 s`)
      }
    }),
  )
  return last
}

/** No process that has refused gives another AC. */
async function staysRefused({ clients, name }: Lane): Promise<void> {
  for (let time = 0; time < 3; time++) {
    for (const client of clients.values()) {
      const answer = await answerOf(client)
      if (answer !== SUSPENDED) throw new Error(`${name} got ${answer} after having been refused`)
    }
  }
}

async function listening({ cluster, database }: PostgresSite): Promise<boolean> {
  const sql = `select count(*) from pg_stat_activity where application_name = '${LISTENS}' and query like 'listen%'`
  return Number(cluster.psql(database, sql)) >= 2
}

/**
 * A transaction suspends one member and stays open while others are suspended and commit before it: what is seen of
 * the later ones must not hide the earlier one.
 */
async function commitLate(
  postgres: PostgresSite,
  lanes: readonly Lane[],
  openSeconds: number,
): Promise<Delays> {
  const [late, ...others] = lanes
  await everyoneSays(late!, ISSUED)
  const delays: Delays = []
  const asking = askUntilRefused(late!)
  const { promise: written, resolve: wrote } = Promise.withResolvers<void>()
  const end = performance.now() + openSeconds * 1000
  const transaction = postgres.db.transaction(async tx => {
    await tx.query('update vouchd.member set suspended = true where source_id = $1', [late!.name])
    wrote()
    await sleep(Math.max(0, end - performance.now()))
  })
  await written
  while (performance.now() < end - 500) {
    for (const lane of others) delays.push(await suspendOnce(postgres, lane))
  }
  await transaction
  const committed = performance.now()
  delays.push(Math.max(0, (await asking) - committed))
  await staysRefused(late!)
  await setSuspended(postgres, late!.name, false)
  return delays
}

/** A process starts, and has members in its cache, between the change and its commit. */
async function suspendDuringStart(
  postgres: PostgresSite,
  daemon: DaemonProcess,
  port: number,
  lane: Lane,
): Promise<number> {
  await everyoneSays(lane, ISSUED)
  const { promise: written, resolve: wrote } = Promise.withResolvers<void>()
  const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>()
  const transaction = postgres.db.transaction(async tx => {
    await tx.query('update vouchd.member set suspended = true where source_id = $1', [lane.name])
    wrote()
    await mayCommit
  })
  await written
  for (const client of lane.clients.values()) client.close()
  const victim = (await daemon.status()).workers[0]!
  process.kill(victim.pid!, 'SIGKILL')
  await until(async () => {
    const [first] = (await daemon.status()).workers
    return first!.pid !== victim.pid && first!.state === 'serving'
  })
  lane.clients = await openClientPerWorker(daemon, port, userNamed(lane.name))
  const asking = askUntilRefused(lane)
  commit()
  await transaction
  const committed = performance.now()
  const last = await asking
  await staysRefused(lane)
  await setSuspended(postgres, lane.name, false)
  return Math.max(0, last - committed)
}

/** Nothing is heard of the suspension; the grace bounds for how long. */
async function suspendWithoutDatabase(
  postgres: PostgresSite,
  lane: Lane,
): Promise<{ seconds: number; answer: string }> {
  await everyoneSays(lane, ISSUED)
  postgres.proxy.set('blackHole')
  await setSuspended(postgres, lane.name, true)
  const committed = performance.now()
  let last = committed
  let answer = ''
  await Promise.all(
    [...lane.clients.values()].map(async client => {
      for (;;) {
        const { serial, code, message } = await client.ask()
        if (serial === undefined) {
          answer = `${code}: ${message?.replace(/ \[.*/, '')}`
          return
        }
        last = Math.max(last, performance.now())
        await sleep(50)
      }
    }),
  )
  postgres.proxy.set(undefined)
  await everyoneSays(lane, SUSPENDED)
  await setSuspended(postgres, lane.name, false)
  return { seconds: Math.round((last - committed) / 100) / 10, answer }
}
