// What the size of a VO costs: processor time per AC over PostgreSQL databases of several sizes, cold look-ups included,
// in equal, interleaved rounds; members ask by Zipf's law (s = 1), each with a certificate of his own over a fresh TLS
// connection. Then the memory of all server processes after many ACs, and a robot that asks hundreds of times at once.
// The daemon is compiled first, as it is installed.
// Run: node bench/load/scale.ts [options]
import { readOptions, whole } from '../commandLine.ts'
import { printResult } from '../printResult.ts'
import { observeSocket } from './benchWorld.ts'
import { buildDaemon } from './buildDaemon.ts'
import { askObserve, type BenchServer, startVouchd } from './children.ts'
import { createScaleWorld, type ScaleSite, type ScaleSize } from './createScaleWorld.ts'
import { interleave } from './interleave.ts'
import { processorTimeOf, residentBytesOf, residentEachOf } from './processorTime.ts'
import { type MemberLoad, startMemberLoad } from './startMemberLoad.ts'
import { median, quantile } from './statistics.ts'

const values = readOptions('node bench/load/scale.ts [options]', {
  sizes: {
    value: '1000,100000,100000x50,1000000',
    shape: 'LIST',
    about: 'members, or MEMBERSxVOS; all are held against the first',
  },
  connections: { value: '16', about: 'at once' },
  count: { value: '1000', about: 'requests a round' },
  rounds: { value: '15', about: 'interleaved rounds of all' },
  warmup: { value: '1000', about: 'requests to each before anything is timed' },
  total: { value: '0', about: 'requests to the last size, rounds included, after which memory is measured' },
  robot: { value: '300', about: 'requests of one robot at the end' },
  workers: { value: '2', about: 'processes that serve' },
  config: { value: '', shape: 'TEXT', about: 'TOML to add before [[vo]]' },
  sources: { value: false, about: 'run the daemon from its sources' },
})
const sizes = values.sizes.split(',').map((text): ScaleSize => {
  const [members, vos = '1'] = text.split('x')
  return { members: whole(members!, 'sizes', 1, 1_000_000), vos: whole(vos, 'sizes', 1, 100) }
})
const connections = whole(values.connections, 'connections', 1, 1000)
const count = whole(values.count, 'count', 1, 1_000_000)
const rounds = whole(values.rounds, 'rounds', 1, 1000)
const warmup = whole(values.warmup, 'warmup', 1, 100_000)
const total = whole(values.total, 'total', 0, 10_000_000)
const robot = whole(values.robot, 'robot', 1, 100_000)
const workers = whole(values.workers, 'workers', 1, 64)
/** Of each size. */
const asked = warmup + rounds * count
const more = `[processes]\nworkers = ${workers}\n${values.config}`

interface Side {
  readonly size: ScaleSize
  readonly site: ScaleSite
  readonly server: BenchServer
  readonly load: MemberLoad
}

interface Sample {
  readonly microseconds: number
  readonly postgresMicroseconds: number
  readonly perSecond: number
  readonly milliseconds: Readonly<Record<'p50' | 'p95' | 'p99' | 'p99.9', number>>
  readonly residentMegabytes: number
}

await using opened = new AsyncDisposableStack()
const now = Math.floor(Date.now() / 1000)
const world = await createScaleWorld(now)
opened.defer(() => world.remove())
const built = values.sources ? undefined : buildDaemon()
opened.defer(() => built?.remove())
const sides: Side[] = []
for (const [index, size] of sizes.entries()) sides.push(await start(size, index))

const samples = await interleave(
  rounds,
  sides.map(side => () => measure(side, count)),
)
const rows: Awaited<ReturnType<typeof summarize>>[] = []
for (const [index, side] of sides.entries()) rows.push(await summarize(side, samples[index]!))
const last = sides.at(-1)!
const further = Math.max(0, total - asked)
const after = further > 0 ? await measure(last, further) : undefined
const resident = residentEachOf(last.server.pid).map(bytes => bytes / 1e6)
printResult(
  {
    benchmark: 'scale',
    setting: {
      connections,
      count,
      rounds,
      total,
      workers,
      config: values.config,
      from: built === undefined ? 'sources' : 'compiled',
      postgres: world.cluster.version,
    },
    node: process.version,
    overSmallest: rows.at(-1)!.overSmallest,
    residentMegabytes: resident.reduce((sum, each) => sum + each, 0),
    residentEach: resident,
    residentAfter: asked + further,
    rows,
    after,
    robot: await burst(last),
  },
  values.json,
)

async function start(size: ScaleSize, index: number): Promise<Side> {
  const site = await world.addSite(size, more)
  const server = await startVouchd(
    site.config,
    site.vos[0]!.port,
    built === undefined ? {} : { main: built.main },
  )
  opened.defer(() => server.stop())
  const load = startMemberLoad({ members: size.members, vos: site.vos, now, seed: index + 1 })
  opened.defer(() => load.stop())
  const side = { size, site, server, load }
  await load.run({ count: warmup, connections })
  return side
}

async function measure({ server, load }: Side, requests: number, member?: number): Promise<Sample> {
  const before = processorTimeOf(server.pid)
  const beforePostgres = processorTimeOf(world.postgresPid)
  const result = await load.run({ count: requests, connections, ...(member !== undefined && { member }) })
  const used = processorTimeOf(server.pid) - before
  const usedPostgres = processorTimeOf(world.postgresPid) - beforePostgres
  return {
    microseconds: (used / result.count) * 1e6,
    postgresMicroseconds: (usedPostgres / result.count) * 1e6,
    perSecond: result.count / result.seconds,
    milliseconds: result.milliseconds,
    residentMegabytes: residentBytesOf(server.pid) / 1e6,
  }
}

async function summarize({ size, site, server }: Side, of: readonly Sample[]) {
  const smallest = samples[0]!
  const hits = await cacheHits(site)
  return {
    members: size.members,
    vos: size.vos,
    requests: asked,
    overSmallest: median(of.map(({ microseconds }, i) => microseconds / smallest[i]!.microseconds)),
    acMicroseconds: median(of.map(({ microseconds }) => microseconds)),
    postgresMicroseconds: median(of.map(({ postgresMicroseconds }) => postgresMicroseconds)),
    acPerSecond: median(of.map(({ perSecond }) => perSecond)),
    milliseconds: {
      p50: median(of.map(({ milliseconds }) => milliseconds.p50)),
      p99: median(of.map(({ milliseconds }) => milliseconds.p99)),
    },
    cacheHits: hits,
    residentMegabytes: residentBytesOf(server.pid) / 1e6,
    residentMost: quantile(
      of.map(sample => sample.residentMegabytes),
      1,
    ),
    databaseMegabytes: site.databaseMegabytes,
    fillSeconds: site.fillSeconds,
  }
}

/** One certificate alone, which the caches are to hold: each process looks it up once, unless its view of the database grew old. */
async function burst(side: Side) {
  const before = await lookups(side.site)
  const sample = await measure(side, robot, side.size.members - 1)
  const databaseLookups = (await lookups(side.site)) - before
  const { microseconds, postgresMicroseconds, perSecond, milliseconds } = sample
  return { requests: robot, databaseLookups, microseconds, postgresMicroseconds, perSecond, milliseconds }
}

async function lookups(site: ScaleSite): Promise<number> {
  return metric(await metricsOf(site), 'vouchd_db_queries_total', 'query="lookup"')
}

async function cacheHits(site: ScaleSite): Promise<Record<string, number>> {
  const text = await metricsOf(site)
  const share = (cache: string) => {
    const of = (result: string) =>
      metric(text, 'vouchd_cache_requests_total', `cache="${cache}"`, `result="${result}"`)
    return of('hit') / (of('hit') + of('miss'))
  }
  return Object.fromEntries(['members', 'eecVerdicts'].map(cache => [cache, share(cache)]))
}

async function metricsOf({ config }: ScaleSite): Promise<string> {
  const { status, body } = await askObserve(observeSocket(config), '/metrics')
  if (status !== 200) throw new Error(`the metrics cannot be read (status ${status})`)
  return body
}

/** The sum over all series of a family with these labels. */
function metric(text: string, family: string, ...labels: readonly string[]): number {
  const lines = text
    .split('\n')
    .filter(line => line.startsWith(`${family}{`) && labels.every(l => line.includes(l)))
  if (lines.length === 0) throw new Error(`${family} lacks ${labels.join()}`)
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}
