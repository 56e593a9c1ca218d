import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../clock.ts'
import type { Config, ListenAddress, ObserveAddress, ObserveConfig } from '../config/types.ts'
import type { Events } from '../events.ts'
import { createAnswers } from './answers.ts'
import { type HttpListener, openHttpListener } from './httpListener.ts'
import { MinuteRates } from './minuteRates.ts'
import type { Snapshot } from './snapshot.ts'
import { buildStatus, type PartState, readVoFacts, type VoFacts, type WorkerState } from './status.ts'

/** The daemon as those see it who watch it: of all processes together. */
export interface Observed {
  metrics(): Promise<Snapshot>
  readiness(): Promise<readonly PartState[]>
  /** Members by VO. May reject while the database is away. */
  memberCounts(): Promise<ReadonlyMap<string, number>>
  addresses(): ReadonlyMap<string, readonly ListenAddress[]>
  workers(): readonly WorkerState[]
}

export interface ObserveDeps {
  readonly clock: Clock
  /** Milliseconds from anywhere, never going back. */
  readonly monotonic: () => number
  readonly events: Pick<Events, 'notice'>
  readonly version: string
}

export interface Observe {
  /** Where it listens now; ports of 0 are resolved. */
  addresses(): readonly ObserveAddress[]
  /** Takes up a configuration, at the start and after each reload. Never rejects: see openObserve(). */
  apply(config: Config): Promise<void>
  close(): Promise<void>
}

/** Issuing matters more than being watched: where an address cannot be had it is tried again so often. */
const RETRY_MS = 10_000
const LOOK_MS = 10_000
/** Counting the members of a large VO takes a while, and their number changes slowly. */
const MEMBERS_MS = 60_000

/**
 * Metrics, health and status on the addresses of [observe]. A fault of theirs, such as a port in use, is logged and
 * never keeps the daemon from serving.
 */
export function openObserve(observed: Observed, deps: ObserveDeps): Observe {
  const { clock, monotonic, events } = deps
  const startedAt = clock.now()
  const rates = new MinuteRates()
  const members = remembered(() => observed.memberCounts(), monotonic)
  let wanted: ObserveConfig | undefined
  let listener: HttpListener | undefined
  let vos: readonly VoFacts[] = []
  let retry: NodeJS.Timeout | undefined
  let closed = false

  const look = async () => {
    try {
      rates.note(monotonic(), await observed.metrics())
    } catch {
      // A minute without a look is shown as one without figures.
    }
  }
  void look()
  const looking = setInterval(look, LOOK_MS)
  looking.unref()

  async function status() {
    const [snapshot, parts, counted] = await Promise.all([
      observed.metrics(),
      observed.readiness(),
      members().catch(() => undefined),
    ])
    return buildStatus({
      version: deps.version,
      now: clock.now(),
      startedAt,
      parts,
      workers: observed.workers(),
      vos,
      addresses: observed.addresses(),
      members: counted,
      snapshot,
      lastMinute: rates.lastMinute(monotonic(), snapshot),
    })
  }
  const answers = createAnswers({
    metrics: () => observed.metrics(),
    readiness: () => observed.readiness(),
    status,
  })

  async function open(): Promise<void> {
    clearTimeout(retry)
    await listener?.close()
    listener = undefined
    if (closed || wanted === undefined || wanted.listen.length === 0) return
    try {
      listener = await openHttpListener(wanted, answers)
      events.notice('info', 'metrics, health and status', { addresses: listener.addresses })
    } catch (cause) {
      events.notice('error', 'metrics, health and status cannot be asked for', {
        detail: (cause as Error).message,
        advice: 'correct [observe]; it is tried again every 10 seconds',
      })
      retry = setTimeout(() => void open(), RETRY_MS)
      retry.unref()
    }
  }

  return {
    addresses: () => listener?.addresses ?? [],
    async apply(config) {
      vos = config.vos.map(readVoFacts)
      const { observe } = config
      // A certificate may have been renewed under its name.
      const same = isDeepStrictEqual(observe, wanted) && observe.credential === undefined
      if (same && (listener !== undefined || observe.listen.length === 0)) return
      wanted = observe
      await open()
    },
    async close() {
      closed = true
      clearInterval(looking)
      clearTimeout(retry)
      await listener?.close()
    },
  }
}

/** What was answered last, while it is young. */
function remembered<T>(ask: () => Promise<T>, monotonic: () => number): () => Promise<T> {
  let last: { readonly value: T; readonly at: number } | undefined
  return async () => {
    if (last !== undefined && monotonic() - last.at < MEMBERS_MS) return last.value
    const value = await ask()
    last = { value, at: monotonic() }
    return value
  }
}
