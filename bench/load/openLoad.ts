// Open loop: clients come when a schedule says so, made in advance from a seed, whatever became of those before them.
// Each has a connection of its own. A process of its own:
//   node bench/load/openLoad.ts '{"port":N,"credential":{...},"request":"...","expect":"...","rate":N,"seconds":N}'
// prints an OpenLoadResult as JSON. A wrong answer ends it with status 1. Who starts it with an IPC channel is told when
// it is warm, and has to answer before the first client comes: processor time can be read in between.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as secure } from 'node:tls'
import type { LoadParameters } from './client.ts'
import { secureContextOf } from './secureContextOf.ts'
import { quantile } from './statistics.ts'

export interface OpenLoadParameters extends Omit<LoadParameters, 'count' | 'connections'> {
  /** Clients a second, spread at random (Poisson). */
  readonly rate: number
  readonly seconds: number
  readonly seed: number
  /** After its connection, a client's first octets take so long, as over a network. */
  readonly distanceMs: number
  /** Goes on at another rate, without a pause and without waiting for those that are under way. */
  readonly afterwards?: { readonly rate: number; readonly seconds: number }
}

export interface Second {
  readonly offered: number
  readonly served: number
  readonly refused: number
  /** Latency of those that were served, in milliseconds. */
  readonly p99: number
}

/** Of the clients of the first rate, but for `afterwards`. */
export interface OpenLoadResult {
  readonly offered: number
  readonly served: number
  /** Of these, those that had their answer while clients still came, within `seconds`. */
  readonly servedMeanwhile: number
  /** Closed or reset before an answer. */
  readonly refused: number
  /** Given up by the client. */
  readonly unanswered: number
  /** Not even tried: the load process had too many under way. */
  readonly skipped: number
  /** From the scheduled arrival to the end of the answer. */
  readonly milliseconds: Readonly<Record<'p50' | 'p95' | 'p99' | 'p99.9', number>>
  /** From the scheduled arrival to the refusal; absent when nobody was refused. */
  readonly refusedMilliseconds?: Readonly<Record<'p50' | 'p99', number>>
  /** How late the load process itself was: with much of it, it is what was measured. */
  readonly lagMilliseconds: Readonly<Record<'p50' | 'p99', number>>
  /** By the second of the scheduled arrival, counted from the last arrival of the first rate. */
  readonly afterwards: readonly Second[]
}

const PATIENCE_MS = 10_000
const MOST_UNDER_WAY = 8_000
/** One source address has 28 000 ports, and each is taken for a minute after its use. */
const SOURCES = 200

const p = JSON.parse(process.argv[2] ?? '{}') as OpenLoadParameters
const secureContext = secureContextOf(p.credential, p.ecdhCurve)

let state = p.seed >>> 0
function random(): number {
  // mulberry32
  state = (state + 0x6d2b79f5) >>> 0
  let t = state
  t = Math.imul(t ^ (t >>> 15), t | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}

/** Arrivals in milliseconds from the start; the same for the same seed. */
function schedule(from: number, rate: number, seconds: number): number[] {
  const arrivals: number[] = []
  for (let at = from; ; ) {
    at += (-Math.log(1 - random()) / rate) * 1000
    if (at >= from + seconds * 1000) return arrivals
    arrivals.push(at)
  }
}

type Outcome = 'served' | 'refused' | 'unanswered' | 'skipped'
interface Trial {
  readonly at: number
  /** How much later than scheduled it was begun. */
  readonly lag: number
  outcome: Outcome
  milliseconds: number
}

let begun = performance.now()
let trials: Trial[] = []
let underWay = 0

function one(at: number, index: number): void {
  const trial: Trial = { at, lag: performance.now() - begun - at, outcome: 'skipped', milliseconds: 0 }
  trials.push(trial)
  if (underWay >= MOST_UNDER_WAY) return
  underWay++
  const raw = connect({
    host: p.host ?? '127.0.0.1',
    port: p.port,
    localAddress: `127.1.${index % SOURCES}.1`,
    noDelay: true,
  })
  let text = ''
  let given = false
  let distance: NodeJS.Timeout | undefined
  const patience = setTimeout(() => {
    given = true
    raw.destroy()
  }, PATIENCE_MS)
  raw.on('error', () => {})
  raw.once('end', () => raw.destroy())
  raw.once('connect', () => {
    if (p.distanceMs === 0) speak()
    else distance = setTimeout(speak, p.distanceMs)
  })
  const speak = () => {
    if (raw.destroyed) return
    raw.removeAllListeners('end')
    const socket = secure({
      socket: raw as Socket,
      secureContext,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    })
    socket.once('secureConnect', () => socket.write(p.request))
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
    })
    socket.on('error', () => raw.destroy())
    socket.once('close', () => raw.destroy())
  }
  raw.once('close', () => {
    clearTimeout(patience)
    clearTimeout(distance)
    underWay--
    trial.milliseconds = performance.now() - begun - at
    if (text.includes(p.expect)) trial.outcome = 'served'
    else if (text !== '' && !text.startsWith('HTTP/1.1 503')) fail(text)
    else trial.outcome = given ? 'unanswered' : 'refused'
  })
}

function fail(text: string): never {
  console.error(`a wrong answer: ${text.slice(0, 500)}`)
  process.exit(1)
}

/** A process that has just begun is several times slower: without it, clients would be what is measured. */
const WARM_UP = 400
for (let index = 0; index < WARM_UP; ) {
  if (underWay < 8) one(0, index++)
  else await new Promise(resolve => setTimeout(resolve, 1))
}
while (underWay > 0) await new Promise(resolve => setTimeout(resolve, 10))
trials = []

if (process.send !== undefined) {
  process.send('warm')
  await once(process, 'message')
  process.disconnect?.()
}

const firstArrivals = schedule(0, p.rate, p.seconds)
const laterArrivals =
  p.afterwards === undefined ? [] : schedule(p.seconds * 1000, p.afterwards.rate, p.afterwards.seconds)
const arrivals = [...firstArrivals, ...laterArrivals]
begun = performance.now()
for (let next = 0; next < arrivals.length; ) {
  const now = performance.now() - begun
  while (next < arrivals.length && arrivals[next]! <= now) {
    one(arrivals[next]!, next)
    next++
  }
  await new Promise(resolve => setTimeout(resolve, 1))
}
while (underWay > 0) await new Promise(resolve => setTimeout(resolve, 10))

// They are in the order of their arrival.
const first = trials.slice(0, firstArrivals.length)
const later = trials.slice(firstArrivals.length)
const lastOfFirst = firstArrivals.at(-1) ?? 0
const times = (outcome: Outcome, among: readonly Trial[]) =>
  among.filter(trial => trial.outcome === outcome).map(({ milliseconds }) => milliseconds)
const served = times('served', first)
const refused = times('refused', first)
const lags = first.map(({ lag }) => lag)
const result: OpenLoadResult = {
  offered: first.length,
  served: served.length,
  servedMeanwhile: first.filter(
    ({ at, outcome, milliseconds }) => outcome === 'served' && at + milliseconds <= p.seconds * 1000,
  ).length,
  refused: refused.length,
  unanswered: times('unanswered', first).length,
  skipped: times('skipped', first).length,
  milliseconds: {
    p50: quantile(served, 0.5),
    p95: quantile(served, 0.95),
    p99: quantile(served, 0.99),
    'p99.9': quantile(served, 0.999),
  },
  ...(refused.length > 0 && {
    refusedMilliseconds: { p50: quantile(refused, 0.5), p99: quantile(refused, 0.99) },
  }),
  lagMilliseconds: { p50: quantile(lags, 0.5), p99: quantile(lags, 0.99) },
  afterwards: Array.from({ length: Math.floor(p.afterwards?.seconds ?? 0) }, (_, second) => {
    const among = later.filter(({ at }) => Math.floor((at - lastOfFirst) / 1000) === second)
    const servedThen = times('served', among)
    return {
      offered: among.length,
      served: servedThen.length,
      refused: times('refused', among).length,
      p99: quantile(servedThen, 0.99),
    }
  }),
}
console.log(JSON.stringify(result))
