// More clients than the daemon can serve, in an open loop: each comes when a schedule says so, whatever became of the
// others. The daemon has one core, the load another. Run: node bench/load/overload.ts [options]; --help tells them.
import { parseArgs } from 'node:util'
import { systemClock } from '../../src/clock.ts'
import { createBenchWorld, type HostKind, REQUESTS } from './benchWorld.ts'
import { type BenchServer, freePort, load, openLoad, startVouchd } from './children.ts'
import type { OpenLoadParameters, OpenLoadResult, Second } from './openLoad.ts'
import { processorTimeOf, residentBytesOf } from './processorTime.ts'
import { ISSUED, proveServer } from './proveServer.ts'
import { median } from './statistics.ts'

const HELP = `node bench/load/overload.ts [options]
  --factors LIST       times the capacity, one after the other (0.5,1,2,4,10)
  --seconds N          of each (20, 300 at most)
  --rounds N           how often the list is gone through (1, 20 at most)
  --host rsa|ec|dual   host credentials (rsa)
  --host-bits N        2048, 3072 or 4096: a server with a long RSA key serves fewer, so that the load, which has
                       one core, can be ten times as many (2048)
  --workers N          processes that serve (1)
  --capacity N         ACs a second; measured in a closed loop when absent
  --distance MS        clients speak so long after they are connected, as over a network (20)
  --server-core N      core of the daemon (0)
  --load-core N        core of the load (1)
  --config TEXT        TOML to add before [[vo]]
  --json               JSON instead of a table`

const { values } = parseArgs({
  options: {
    factors: { type: 'string', default: '0.5,1,2,4,10' },
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '1' },
    host: { type: 'string', default: 'rsa' },
    'host-bits': { type: 'string', default: '2048' },
    workers: { type: 'string', default: '1' },
    capacity: { type: 'string' },
    distance: { type: 'string', default: '20' },
    'server-core': { type: 'string', default: '0' },
    'load-core': { type: 'string', default: '1' },
    config: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(HELP)
  process.exit(0)
}
const seconds = bounded('seconds', values.seconds, 300)
const rounds = bounded('rounds', values.rounds, 20)
const distanceMs = Number(values.distance)
const factors = values.factors.split(',').map(Number)
if (factors.some(factor => !(factor > 0 && factor <= 20)))
  throw new Error('--factors: each above 0, at most 20')
const [serverCore, loadCore] = [Number(values['server-core']), Number(values['load-core'])]
const hostBits = ([2048, 3072, 4096] as const).find(bits => String(bits) === values['host-bits'])
if (hostBits === undefined) throw new Error('--host-bits: 2048, 3072 or 4096')
/** After the greatest factor, so long at half of the capacity: how soon is all as before? */
const RECOVERY_SECONDS = 10
/** So many seconds in a row have to be as before. */
const STEADY_SECONDS = 3
/** The cost of a refusal is the median of so many floods of so many seconds each. */
const FLOODS = 5
const FLOOD_SECONDS = 1
const REFUSALS_PER_SECOND = 4000

function bounded(name: string, text: string, most: number): number {
  const value = Number(text)
  if (!(value >= 1 && value <= most)) throw new Error(`--${name}: from 1 to ${most}`)
  return value
}

interface Step extends Omit<OpenLoadResult, 'afterwards'> {
  readonly factor: number
  /** ACs a second while clients came: what was left over at the end, and served then, is not part of it. */
  readonly goodput: number
  /** ACs for each second of processor time that the daemon had: does not change with what else the machine does. */
  readonly perProcessorSecond: number
  /** Of one core, from the first arrival until the last client was answered. */
  readonly processorShare: number
  readonly residentMegabytes: number
}

const world = await createBenchWorld(systemClock.now(), 0, hostBits)
const credential = world.client('proxy')
// The capacity is of the same clients as the load. One group, the cheapest: the load has to be ten times as many.
const common = { credential, request: REQUESTS.rest, expect: ISSUED, ecdhCurve: 'X25519' }
const processes = `[processes]\nworkers = ${values.workers}\n`
let server: BenchServer | undefined
try {
  server = await start(values.config)
  await proveServer(server, { credential, request: REQUESTS.rest }, world.grant())
  await closedLoop(server, 2000)
  const capacity = values.capacity === undefined ? await measureCapacity(server) : Number(values.capacity)
  const steps: Step[] = []
  const recoveries: (readonly Second[])[] = []
  for (let round = 0; round < rounds; round++) {
    for (const factor of factors) {
      steps.push(await step(server, capacity, factor, 1 + steps.length))
      note(steps.at(-1)!)
    }
    recoveries.push(await recover(server, capacity, 1000 + round))
  }
  await server.stop()
  server = await start(refusing(values.config))
  const refusals = await costOfRefusals(server)
  const result = {
    benchmark: 'overload',
    node: process.version,
    setting: { host: values.host, hostBits, workers: Number(values.workers), seconds, rounds, distanceMs },
    capacity,
    steps,
    ...summary(steps, recoveries),
    recoveries,
    refusalMicroseconds: median(refusals),
    refusals,
  }
  console.log(values.json ? JSON.stringify(result) : formatTable(result))
} finally {
  await server?.stop()
  world.remove()
}

async function start(more: string): Promise<BenchServer> {
  const port = await freePort()
  const config = world.configure(values.host as HostKind, port, `${processes}${more}`)
  return await startVouchd(config, port, { core: serverCore })
}

/** The same, with a limit that refuses everybody. */
function refusing(more: string): string {
  const limit = 'connectionsPerMinute = 1\n'
  return more.includes('[limits]\n')
    ? more.replace('[limits]\n', `[limits]\n${limit}`)
    : `${more}\n[limits]\n${limit}`
}

async function closedLoop({ port }: BenchServer, count: number): Promise<number> {
  const result = await load({ ...common, port, count, connections: 16 }, loadCore)
  return result.count / result.seconds
}

async function measureCapacity(target: BenchServer): Promise<number> {
  const runs: number[] = []
  for (let run = 0; run < 5; run++) runs.push(await closedLoop(target, 1000))
  return median(runs)
}

interface Offered {
  readonly result: OpenLoadResult
  readonly processorSeconds: number
  readonly elapsedSeconds: number
}

type Offer = Pick<OpenLoadParameters, 'rate' | 'seconds' | 'seed' | 'afterwards'>

/** What the daemon used for these clients, those that the load warms up with not among them. */
async function offer(target: BenchServer, clients: Offer): Promise<Offered> {
  const look = () => ({ processor: processorTimeOf(target.pid), at: performance.now() })
  let before = look()
  const result = await openLoad({ ...common, ...clients, port: target.port, distanceMs }, loadCore, () => {
    before = look()
  })
  const after = look()
  return {
    result,
    processorSeconds: after.processor - before.processor,
    elapsedSeconds: (after.at - before.at) / 1000,
  }
}

async function step(target: BenchServer, capacity: number, factor: number, seed: number): Promise<Step> {
  const offered = await offer(target, { rate: factor * capacity, seconds, seed })
  const { afterwards, ...result } = offered.result
  return {
    factor,
    ...result,
    goodput: result.servedMeanwhile / seconds,
    perProcessorSecond: result.served / offered.processorSeconds,
    processorShare: offered.processorSeconds / offered.elapsedSeconds,
    residentMegabytes: residentBytesOf(target.pid) / 1e6,
  }
}

/** The greatest factor once more, and from its last client on half of the capacity, whoever is still waiting. */
async function recover(target: BenchServer, capacity: number, seed: number): Promise<readonly Second[]> {
  const afterwards = { rate: capacity / 2, seconds: RECOVERY_SECONDS }
  const { result } = await offer(target, { rate: Math.max(...factors) * capacity, seconds, seed, afterwards })
  return result.afterwards
}

function summary(steps: readonly Step[], recoveries: readonly (readonly Second[])[]) {
  const of = (factor: number, key: 'goodput' | 'perProcessorSecond') =>
    median(steps.filter(each => each.factor === factor).map(each => each[key]))
  const peak = Math.max(...factors.map(factor => of(factor, 'goodput')))
  const best = Math.max(...factors.map(factor => of(factor, 'perProcessorSecond')))
  const calm = steps.filter(({ factor }) => factor < 1).map(({ milliseconds }) => milliseconds.p99)
  // As before: everybody served, and in times that calm had too.
  const asBefore = ({ offered, served, p99 }: Second) =>
    served === offered && (calm.length === 0 || p99 <= 2 * Math.max(...calm))
  // A second that is slow for another reason, later on, is no part of the recovery.
  const back = recoveries.map(each => {
    const at = each.findIndex((_, i) => each.slice(i, i + STEADY_SECONDS).every(asBefore))
    return at < 0 ? each.length : at
  })
  return {
    peak,
    goodputOverPeak: Object.fromEntries(factors.map(factor => [factor, of(factor, 'goodput') / peak])),
    efficiencyOverBest: Object.fromEntries(
      factors.map(factor => [factor, of(factor, 'perProcessorSecond') / best]),
    ),
    secondsToBaseLine: Math.max(...back),
  }
}

/**
 * Processor time in microseconds of a connection that is closed before TLS, what the daemon does by itself taken off:
 * of each flood by itself.
 */
async function costOfRefusals(target: BenchServer): Promise<number[]> {
  const flood = (forSeconds: number, seed: number) =>
    offer(target, { rate: REFUSALS_PER_SECOND, seconds: forSeconds, seed })
  // The daemon's own warm-up.
  await flood(FLOODS * FLOOD_SECONDS, 5)
  const idleBefore = processorTimeOf(target.pid)
  await new Promise(resolve => setTimeout(resolve, 2000))
  const idle = (processorTimeOf(target.pid) - idleBefore) / 2
  const costs: number[] = []
  for (let seed = 6; costs.length < FLOODS; seed++) {
    const { result, processorSeconds, elapsedSeconds } = await flood(FLOOD_SECONDS, seed)
    const { refused, offered } = result
    if (refused < offered - 2) throw new Error(`${offered - refused} were not refused`)
    costs.push(((processorSeconds - idle * elapsedSeconds) / refused) * 1e6)
  }
  return costs
}

function note({ factor, goodput, milliseconds }: Step): void {
  process.stderr.write(`${factor} times: ${goodput.toFixed(0)}/s, p99 ${milliseconds.p99.toFixed(0)} ms\n`)
}

interface Result {
  readonly capacity: number
  readonly steps: readonly Step[]
  readonly peak: number
  readonly goodputOverPeak: Readonly<Record<string, number>>
  readonly efficiencyOverBest: Readonly<Record<string, number>>
  readonly secondsToBaseLine: number
  readonly refusalMicroseconds: number
  readonly refusals: readonly number[]
}

function refusedIn({ refusedMilliseconds: times }: Step): string {
  return times === undefined ? '-' : `${times.p50.toFixed(0)}/${times.p99.toFixed(0)}`
}

function baseLine({ secondsToBaseLine: back }: Result): string {
  return back < RECOVERY_SECONDS ? `base line again after ${back} s` : `no base line within ${back} s`
}

function refusal({ refusals, refusalMicroseconds }: Result): string {
  const [middle, least, most] = [refusalMicroseconds, Math.min(...refusals), Math.max(...refusals)]
  return `a refusal costs ${middle.toFixed(1)} µs (${least.toFixed(1)} to ${most.toFixed(1)} in ${FLOODS} floods)`
}

function formatTable(result: Result): string {
  const head =
    'times  offered  served/s  /peak  /best  p50 ms  p99 ms  refused in  no answer  skipped  cpu   lag p99'
  const lines = result.steps.map(each =>
    [
      String(each.factor).padStart(5),
      String(each.offered).padStart(8),
      each.goodput.toFixed(0).padStart(9),
      (each.goodput / result.peak).toFixed(2).padStart(6),
      result.efficiencyOverBest[each.factor]!.toFixed(2).padStart(6),
      each.milliseconds.p50.toFixed(0).padStart(7),
      each.milliseconds.p99.toFixed(0).padStart(7),
      refusedIn(each).padStart(11),
      String(each.unanswered).padStart(10),
      String(each.skipped).padStart(8),
      each.processorShare.toFixed(2).padStart(5),
      each.lagMilliseconds.p99.toFixed(0).padStart(8),
    ].join(' '),
  )
  return [
    `capacity (closed loop, 16 connections): ${result.capacity.toFixed(0)} ACs a second; peak ${result.peak.toFixed(0)}`,
    head,
    ...lines,
    `${baseLine(result)}; ${refusal(result)}`,
  ].join('\n')
}
