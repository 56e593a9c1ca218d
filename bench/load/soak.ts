// A long run: what the daemon holds, and how fast it is, as a function of how much it has served. Most requests come
// over kept connections, with a share of fresh TLS connections, fresh proxies, refusals and XML. The run is cut into
// parts of equal size; after each the garbage is collected and what is left is counted. Run: node bench/load/soak.ts
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseOrExplain } from '../commandLine.ts'
import { createBenchWorld } from './benchWorld.ts'
import { type BenchServer, freePort, startVouchd } from './children.ts'
import type { HeapSample } from './heapProbe.ts'
import { openFilesOf, processorTimeOf, residentBytesOf } from './processorTime.ts'
import { type Answers, createSoakClient, type SoakClient } from './soakClient.ts'
import { median, quantile, slope } from './statistics.ts'

const HELP = `node bench/load/soak.ts [options]
  --count N     requests in all (1000000)
  --warm N      connections with fresh proxies before that, to fill the caches (10000)
  --parts N     samples (50); the first tenth of them is warm-up too
  --lanes N     connections at once (8)
  --kept N      requests of a kept connection (50)
  --members N   who ask (500)
  --minutes N   ends early after so long; so does SIGINT
  --config TEXT TOML to add before [[vo]]
  --json        JSON instead of a table
Exit code 1 when an answer was wrong.`

const { values } = parseOrExplain(HELP, {
  options: {
    count: { type: 'string', default: '1000000' },
    warm: { type: 'string', default: '10000' },
    parts: { type: 'string', default: '50' },
    lanes: { type: 'string', default: '8' },
    kept: { type: 'string', default: '50' },
    members: { type: 'string', default: '500' },
    minutes: { type: 'string', default: 'Infinity' },
    config: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

/** What was seen after one part. */
interface Part {
  /** Requests since the start. */
  readonly served: number
  /** Reachable memory of supervisor and workers. */
  readonly reachable: number
  /** Resident memory of supervisor and workers. */
  readonly resident: number
  /** Resident memory of the other processes: the embedded database. */
  readonly database: number
  readonly openFiles: number
  readonly p99: number
  readonly median: number
  /** Processor time of the daemon for a request. */
  readonly microseconds: number
}

const [count, parts, lanes, kept] = [values.count, values.parts, values.lanes, values.kept].map(Number) as [
  number,
  number,
  number,
  number,
]
const world = await createBenchWorld(Math.floor(Date.now() / 1000), Number(values.members))
const probes = join(world.folder, 'heap')
mkdirSync(probes)
process.env['VOUCHD_HEAP_PROBE'] = probes
const port = await freePort()
const seen: Part[] = []
const end = performance.now() + Number(values.minutes) * 60_000
let interrupted = false
process.once('SIGINT', () => {
  interrupted = true
})
const total = { granted: 0, refused: 0, unavailable: 0, connections: 0, freshProxies: 0 }
let daemon: BenchServer | undefined
let client: SoakClient | undefined
try {
  daemon = await startVouchd(
    world.configure('ec', port, values.config, 'keepAliveSeconds = 60', 'ec'),
    port,
    { nodeOptions: ['--expose-gc', '--import', fileURLToPath(new URL('./heapProbe.ts', import.meta.url))] },
  )
  client = createSoakClient(world, { port, lanes, kept })
  await client.warmUp(Number(values.warm))
  let served = 0
  for (let n = 0; n < parts && !interrupted && performance.now() < end; n++) {
    const before = processorTimeOf(daemon.pid)
    const wanted = Math.ceil((count * (n + 1)) / parts) - served
    const answers = await client.ask(wanted).catch((cause: unknown) => {
      // SIGINT from a terminal ends the daemon too.
      if (!interrupted) throw cause
    })
    if (answers === undefined) break
    const used = processorTimeOf(daemon.pid) - before
    served += answers.granted + answers.refused + answers.unavailable
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += answers[key]
    seen.push(await look(daemon.pid, served, answers, used))
    if (!values.json || process.stderr.isTTY) progress(seen.at(-1)!)
  }
} finally {
  client?.close()
  await daemon?.stop()
  world.remove()
}
const steady = seen.slice(Math.ceil(seen.length / 10))
if (steady.length < 2) throw new Error('too short to say anything')
const result = {
  benchmark: 'soak',
  setting: { count, parts, lanes, kept, warm: Number(values.warm), members: world.members.length },
  node: process.version,
  served: seen.at(-1)!.served,
  ...total,
  /** Of a straight line through the samples after warm-up; megabytes for a million requests. */
  reachableSlope: slopePerMillion(steady, part => part.reachable / 1e6),
  residentSlope: slopePerMillion(steady, part => part.resident / 1e6),
  databaseSlope: slopePerMillion(steady, part => part.database / 1e6),
  reachableMegabytes: [steady[0]!, steady.at(-1)!].map(part => part.reachable / 1e6),
  residentMegabytes: [steady[0]!, steady.at(-1)!].map(part => part.resident / 1e6),
  openFiles: [
    Math.min(...steady.map(part => part.openFiles)),
    Math.max(...steady.map(part => part.openFiles)),
  ],
  p99Drift: drift(steady, part => part.p99),
  medianDrift: drift(steady, part => part.median),
  processorDrift: drift(steady, part => part.microseconds),
  p99Milliseconds: median(steady.map(part => part.p99)),
  processorMicroseconds: median(steady.map(part => part.microseconds)),
}
const lines = Object.entries(result).map(
  ([name, value]) =>
    `${name.padEnd(22)} ${typeof value === 'number' ? value.toFixed(3) : JSON.stringify(value)}`,
)
console.log(values.json ? JSON.stringify(result) : lines.join('\n'))

async function look(pid: number, served: number, { milliseconds }: Answers, seconds: number): Promise<Part> {
  // Kept connections are closed between the parts, so that what is open then belongs to the daemon alone.
  await sleep(500)
  const samples = await heapSamples()
  const resident = samples.reduce((sum, sample) => sum + sample.resident, 0)
  return {
    served,
    reachable: samples.reduce((sum, { reachable }) => sum + reachable, 0),
    resident,
    database: residentBytesOf(pid) - resident,
    openFiles: openFilesOf(pid),
    p99: quantile(milliseconds, 0.99),
    median: quantile(milliseconds, 0.5),
    microseconds: (seconds / (served - (seen.at(-1)?.served ?? 0))) * 1e6,
  }
}

/** Asks every process that has the probe, and waits for its answer. */
async function heapSamples(): Promise<HeapSample[]> {
  const linesOf = (pid: string) => readFileSync(join(probes, pid), 'utf8').split('\n').slice(0, -1)
  const pids = readdirSync(probes)
  const asked = pids.map(pid => [pid, linesOf(pid).length] as const)
  for (const pid of pids) process.kill(Number(pid), 'SIGUSR2')
  const samples: HeapSample[] = []
  for (const [pid, known] of asked) {
    for (let tries = 0; linesOf(pid).length === known; tries++) {
      if (tries > 3000) throw new Error(`process ${pid} does not say what it holds`)
      await sleep(20)
    }
    samples.push(JSON.parse(linesOf(pid).at(-1)!) as HeapSample)
  }
  return samples
}

function progress(part: Part): void {
  const megabytes = (octets: number) => `${(octets / 1e6).toFixed(1)} MB`
  console.error(
    `${part.served}: reachable ${megabytes(part.reachable)}, resident ${megabytes(part.resident)}, ` +
      `${part.openFiles} files, p50 ${part.median.toFixed(1)} ms, p99 ${part.p99.toFixed(1)} ms, ` +
      `${part.microseconds.toFixed(0)} us of processor`,
  )
}

function slopePerMillion(samples: readonly Part[], of: (part: Part) => number): number {
  return slope(samples.map(part => [part.served / 1e6, of(part)]))
}

/** The last quarter over the first one, less 1. */
function drift(samples: readonly Part[], of: (part: Part) => number): number {
  const quarter = Math.max(1, Math.floor(samples.length / 4))
  return median(samples.slice(-quarter).map(of)) / median(samples.slice(0, quarter).map(of)) - 1
}
