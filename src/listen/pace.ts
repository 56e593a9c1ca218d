import { performance } from 'node:perf_hooks'

/** A connection that was admitted and whose handshake has not begun. */
export interface Waiter {
  /** When it came, in milliseconds of the monotonic clock. */
  readonly since: number
  /** Tells when its client has said what a handshake begins with; never of one that does not. */
  hear(spoken: () => void): void
  begin(): void
  /** It has waited for too long. */
  giveUp(): void
}

/** Where connections come from, as far as their pace can be changed. */
export interface Source {
  /** Accepts so many connections in each turn of the event loop, up to 32; one at the start. */
  widen(perTurn: number): void
}

/** The waiters of one VO, the oldest first. */
export interface Lane {
  /** One was accepted from here. */
  accepted(source: Source): void
  /** A newcomer would wait too long. */
  full(): boolean
  /** Begins its handshake, now or later. */
  enter(waiter: Waiter): void
  /** The request of one that began has come, or will not. */
  finished(): void
}

/** How fast handshakes begin, over all VOs of a process. */
export interface Pace {
  /** @param maxWaitMs asked for each time, since it may change */
  lane(maxWaitMs: () => number): Lane
  /** Ends its timers, when nobody waits any more. */
  close(): void
}

export interface PaceDeps {
  /** Milliseconds from anywhere, never going back. */
  readonly monotonic: () => number
  /** Turns of the event loop until now. */
  readonly turns: () => number
  /** Whole requests that are not answered yet. */
  readonly inService: () => number
}

/**
 * Most servers that a source under siege has at its address: Node.js accepts one connection for each of them in a turn
 * of the event loop. When all of them give one in every turn, more wait in the kernel, and turns must become shorter.
 */
const WIDE = 32
/**
 * Each server asks the kernel whenever somebody comes, and all but one of them in vain when it is a single one: there
 * are more only once all of them find somebody. A loop that is late has few turns, and gets more of them at once.
 */
const WIDER = 2
const WIDER_WHEN_LATE = 4
/** Of all sources together: each takes a file descriptor of those that are kept from clients (descriptors.ts). */
const MOST_FURTHER = 64

/** How often the loop is looked at while there are clients. */
const BEAT_MS = 20
/** Beats without a client until it is no longer looked at. */
const IDLE_BEATS = 25
const TICK_MS = 2
/** So much later than asked for, a beat has seen turns that do too much at once. */
const LATE_MS = 10
/** Handshakes in progress without which a late beat has other reasons. */
const CROWD = 32
/** Longer than this, requests wait for the signing threads or the disk. */
const SERVICE_MS = 60
/** A server accepts one connection a turn: with one in nearly every turn of a beat, more of them wait in the kernel. */
const EVERY_TURN = 0.8
const LEAST_ACCEPTED = 4
/**
 * In each beat with a late loop fewer are begun, down to a little less than what gets through, which drains what has
 * piled up; in every other beat more. Clients that stand still never get through, and must not slow others down.
 */
const CUT = 0.7
const BELOW = 0.9
const GROWTH = 1.1
/** Weight of the last beat in what gets through. */
const WEIGHT = 0.15
const LEAST_PER_MS = 0.05
const MOST_PER_MS = 4
/** So many requests in service are none too many. */
const MOST_AT_ONCE = 32
/**
 * Not more than this is begun at once, however long nothing was: a turn of the loop must stay short, since connections
 * are accepted once in each.
 */
const MOST_CREDIT = 4
/** What is begun at first: many connections at once are no proof that there is no time for them. */
const FIRST_PER_MS = 2
/** So many may wait, however little gets through: a burst of clients is no siege. */
const LEAST_WAITING = 64
/** Who was let in is given up only this many times later than a newcomer may have to wait. */
const PATIENCE = 1.75
/** Beats without anybody waiting until all is as before. */
const CALM_BEATS = 100

/**
 * Handshakes begin when their connections come, until there are more than the event loop can serve. It accepts one
 * connection a turn, so that clients would wait unseen in the kernel's queue, those that gave up among them, until
 * that overflows; and what has begun slows down what is nearly done. A loop that is late, or finds a connection in every
 * turn, therefore accepts all that come, has them wait here, in the order of their arrival and each VO's by
 * themselves, and begins about as many as get through. Who would be answered too late is turned away before TLS, and
 * at once: he can ask another server. In a crowd a client is first heard: one that stands still takes no turn from one
 * that speaks.
 */
export function createPace({ monotonic, turns, inService }: PaceDeps): Pace {
  /** Those with waiters, whose turn is next first. */
  const lanes = new Set<Queue>()
  /** Connections that each has accepted in this beat. */
  const accepted = new Map<Source, number>()
  const wide = new Set<Source>()
  /** Servers of each of them. */
  let width = 1
  let beating: NodeJS.Timeout | undefined
  let ticking: NodeJS.Timeout | undefined
  let beatAt = 0
  let beatTurns = 0
  let idleBeats = 0
  let finished = 0
  let inProgress = 0
  let inServiceBefore = 0
  let begun = 0
  /** To be begun, begun while somebody waits, and got through, in each millisecond. */
  let beginRate = 0
  let drainRate = 0
  let throughRate = 0
  let credit = 0
  let lastTick = 0
  let calmBeats = 0
  /** Somebody had to wait, or the loop was late, since the pace began. */
  let crowded = false

  function wake(): void {
    beating = setInterval(beat, BEAT_MS)
    beating.unref()
    beatAt = monotonic()
    beatTurns = turns()
    inServiceBefore = inService()
    idleBeats = 0
  }

  function sleep(): void {
    clearInterval(beating)
    beating = undefined
  }

  function begin(waiter: Waiter): void {
    inProgress++
    begun++
    waiter.begin()
  }

  function tick(): void {
    const now = monotonic()
    credit = Math.min(credit + (now - lastTick) * beginRate, MOST_CREDIT)
    lastTick = now
    while (credit >= 1) {
      const [lane] = lanes
      if (lane === undefined) break
      const { waiters, maxWaitMs } = lane
      const [waiter] = waiters
      waiters.delete(waiter!)
      // The next VO's turn.
      lanes.delete(lane)
      if (waiters.size > 0) lanes.add(lane)
      if (now - waiter!.since > PATIENCE * maxWaitMs()) {
        waiter!.giveUp()
        continue
      }
      credit--
      begin(waiter!)
    }
  }

  function beat(): void {
    const now = monotonic()
    const turnsNow = turns()
    const serving = inService()
    const waiting = serving > Math.max(MOST_AT_ONCE, throughRate * SERVICE_MS)
    const busiest = Math.max(0, ...accepted.values())
    const perTurn = busiest / Math.max(1, turnsNow - beatTurns)
    const slow = waiting || (now - beatAt - BEAT_MS > LATE_MS && inProgress >= CROWD)
    const queued = perTurn >= EVERY_TURN * width && (slow || busiest >= LEAST_ACCEPTED)
    const most = widest()
    const late = slow || (queued && width >= most)
    const answered = Math.max(0, finished - (serving - inServiceBefore))
    // What is begun while nobody waits tells how many came, and not how many there is time for.
    drainRate += ((lanes.size > 0 ? begun / (now - beatAt) : beginRate) - drainRate) * WEIGHT
    throughRate += (answered / (now - beatAt) - throughRate) * WEIGHT
    inServiceBefore = serving
    beatAt = now
    beatTurns = turnsNow
    begun = 0
    finished = 0
    if (ticking !== undefined) steer(late)
    else if (late || queued) start(now)
    if (ticking !== undefined) widen(queued ? (late ? WIDER_WHEN_LATE : WIDER) : 1, most)
    idleBeats = accepted.size === 0 && inProgress === 0 && ticking === undefined ? idleBeats + 1 : 0
    accepted.clear()
    if (idleBeats >= IDLE_BEATS) sleep()
  }

  function start(now: number): void {
    ticking = setInterval(tick, TICK_MS)
    ticking.unref()
    beginRate = FIRST_PER_MS
    drainRate = FIRST_PER_MS
    credit = 0
    lastTick = now
    calmBeats = 0
    crowded = false
  }

  function steer(late: boolean): void {
    const fewer = Math.max(LEAST_PER_MS, throughRate * BELOW, beginRate * CUT)
    beginRate = late ? fewer : Math.min(beginRate * GROWTH, MOST_PER_MS)
    if (late || lanes.size > 0) crowded = true
    calmBeats = lanes.size === 0 && !late ? calmBeats + 1 : 0
    if (calmBeats < CALM_BEATS) return
    clearInterval(ticking)
    ticking = undefined
    for (const source of wide) source.widen(1)
    wide.clear()
    width = 1
  }

  function widen(times: number, most: number): void {
    const before = width
    width = Math.max(width, Math.min(most, width * times))
    if (width > before) for (const source of wide) source.widen(width)
    for (const source of accepted.keys()) {
      if (width === 1 || wide.has(source) || (wide.size + 1) * (width - 1) > MOST_FURTHER) continue
      source.widen(width)
      wide.add(source)
    }
  }

  /** Servers that each source may have, when those of this beat are to have as many as the others. */
  function widest(): number {
    const sources = new Set([...wide, ...accepted.keys()]).size
    return Math.min(WIDE, 1 + Math.floor(MOST_FURTHER / Math.max(1, sources)))
  }

  return {
    lane(maxWaitMs) {
      const waiters = new Set<Waiter>()
      const queue: Queue = { waiters, maxWaitMs }
      const full = () => waiters.size >= LEAST_WAITING && waiters.size * lanes.size >= drainRate * maxWaitMs()
      const beginInTurn = (waiter: Waiter) => {
        if (ticking === undefined) return begin(waiter)
        if (lanes.size === 0 && credit >= 1) {
          credit--
          return begin(waiter)
        }
        waiters.add(waiter)
        lanes.add(queue)
      }
      return {
        accepted(source) {
          if (beating === undefined) wake()
          accepted.set(source, (accepted.get(source) ?? 0) + 1)
        },
        full,
        enter(waiter) {
          if (ticking === undefined || !crowded) return beginInTurn(waiter)
          waiter.hear(() => (full() ? waiter.giveUp() : beginInTurn(waiter)))
        },
        finished() {
          finished++
          inProgress--
        },
      }
    },
    close() {
      sleep()
      clearInterval(ticking)
    },
  }
}

interface Queue {
  readonly waiters: Set<Waiter>
  readonly maxWaitMs: () => number
}

/** Turns of this thread's event loop until now. */
export function loopTurns(): number {
  return performance.nodeTiming.uvMetricsInfo.loopCount
}
