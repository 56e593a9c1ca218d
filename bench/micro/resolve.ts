// What looking a member up and resolving a request costs this process: from a PostgreSQL server that this starts (cold),
// and from the cache. Run: node bench/micro/resolve.ts [options]
import { nameFromOneline } from '../../native-free/dn/nameFromOneline.ts'
import { parseName } from '../../native-free/x509/parseName.ts'
import { parseRequest } from '../../src/request/parseRequest.ts'
import { createDirectory, DIRECTORY_TIMES } from '../../src/resolve/directory.ts'
import { resolve } from '../../src/resolve/resolve.ts'
import type { Directory } from '../../src/resolve/types.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createPostgres } from '../../src/store/postgres.ts'
import { startPostgres } from '../../test/store/postgresCluster.ts'
import { readOptions, whole } from '../commandLine.ts'
import { CA_DN } from '../load/benchCa.ts'
import { fillBenchVo, REQUESTS, USER_DN, VO } from '../load/benchWorld.ts'
import { quantile } from '../load/statistics.ts'
import { printResult } from '../printResult.ts'
import { timeSteps } from './timeSteps.ts'

const values = readOptions('node bench/micro/resolve.ts [options]', {
  rounds: { value: '15', about: 'interleaved rounds of every step' },
  count: { value: '200', about: 'times a round' },
})
const rounds = whole(values.rounds, 'rounds', 1, 1000)
const count = whole(values.count, 'count', 1, 10_000)

await using opened = new AsyncDisposableStack()
const cluster = await startPostgres()
opened.defer(() => cluster.dispose())
const db = createPostgres(cluster.createDatabase(), { role: 'owner' })
opened.defer(() => db.close())
await migrate(db)
await fillBenchVo(db)

const deps = {
  db,
  clock: { now: () => Math.floor(Date.now() / 1000) },
  monotonic: () => performance.now(),
  onEvent: () => {},
}
const settings = {
  holdingsView: 'vouchd.holdings',
  attributesView: 'vouchd.attributes',
  versionQuery: undefined,
  cacheSeconds: 86_400,
  graceSeconds: 900,
}
const uncached = createDirectory({ ...settings, cacheMembers: 0 }, deps)
opened.defer(() => uncached.close())
// Polls are not what is measured, and an entry is to stay fresh without them.
const times = { ...DIRECTORY_TIMES, pollMs: 86_400_000, freshMs: 86_400_000 }
const cached = createDirectory({ ...settings, cacheMembers: 100 }, deps, times)
opened.defer(() => cached.close())

const holder = {
  subject: parseName(nameFromOneline(USER_DN)),
  issuer: parseName(nameFromOneline(CA_DN)),
}
const target = REQUESTS.rest.split(' ')[1]!
const request = parseRequest({ protocol: 'rest', method: 'GET', target }, VO)
const options = {
  vo: VO,
  uri: 'voms.example.org:15000',
  fqanForm: 'long',
  maxLifetimeSeconds: 86_400,
} as const
const nobody: ReadonlySet<string> = new Set()

async function resolveBy(directory: Directory): Promise<number> {
  const lookup = await directory.lookup(VO, holder, false)
  const { fqans, attributes } = resolve(lookup, request, nobody, options, deps.clock.now(), 86_400, [])
  if (fqans.length !== 6 || attributes.length !== 2) throw new Error('another grant than that of the member')
  return fqans.length
}

// Proof before timing: both give the same, and somebody else nothing.
await resolveBy(uncached)
await resolveBy(cached)
await resolveBy(cached)
const stranger = { ...holder, issuer: holder.subject }
if ((await cached.lookup(VO, stranger, false)).kind !== 'unknown') throw new Error('a stranger is known')

const lookup = await cached.lookup(VO, holder, false)
const now = deps.clock.now()
const waits: number[] = []
const rows = await timeSteps(
  {
    'resolve, cold (PostgreSQL asked; its own time is not in it)': async () => {
      const since = performance.now()
      const result = await resolveBy(uncached)
      waits.push(performance.now() - since)
      return result
    },
    'resolve, cached': () => resolveBy(cached),
    'of it: FQANs, attributes and lifetime': () =>
      resolve(lookup, request, nobody, options, now, 86_400, []).fqans.length,
  },
  { rounds, count },
)
printResult(
  {
    benchmark: 'resolve',
    setting: { rounds, count, postgres: cluster.version },
    node: process.version,
    coldWaitMilliseconds: { p50: quantile(waits, 0.5), p99: quantile(waits, 0.99) },
    rows,
  },
  values.json,
)
