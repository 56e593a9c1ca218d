import { performance } from 'node:perf_hooks'
import type { Socket } from 'node:net'

/** A connection that was admitted and whose handshake has not begun. */
export interface Waiter {
  readonly raw: Socket
  /** When it came, in milliseconds of the monotonic clock. */
  readonly since: number
  begin(): void
}

/** Where connections come from, as far as its pace can be changed. */
export interface Source {
  /** Accepts more connections in each turn of the event loop. */
  widen(): void
  /** As at the start. */
  narrow(): void
}

/** The waiters of one VO, the oldest first. */
export interface Lane {
  /** Begins its handshake, now or later. */
  enter(waiter: Waiter): void
  /** One that waits does so no longer. */
  leave(waiter: Waiter): void
  /** Its oldest has waited for so long that a newcomer would be answered too late. */
  stale(): boolean
  /** One was accepted from here. */
  accepted(source: Source): void
}

export interface Pace {
  /** @param maxWaitMs asked for each time, since it may change */
  lane(maxWaitMs: () => number): Lane
}

export interface PaceDeps {
  /** Milliseconds from anywhere, never going back. */
  readonly monotonic: () => number
  /** Milliseconds that the event loop has been idle. */
  readonly idle: () => number
}

const LOOK_MS = 100
/** Busier than this, the loop has no time left for what waits in the kernel. */
const SATURATED = 0.97
const CALM = 0.9
/** A source that gave fewer in a look is not what saturates the loop. */
const CROWD = 10
const CALM_LOOKS = 20

/**
 * How fast handshakes begin when there are more clients than the event loop can serve. The loop accepts one connection
 * a turn, so that clients would wait unseen in the kernel's queue, those that gave up among them, until it overflows.
 * So a saturated loop accepts more in each turn, has them wait here, in the order of their arrival and for each VO by
 * itself, and begins one handshake a turn: as fast as its work allows, whatever the clients' distance. Who would be
 * answered too late is told at once, before TLS, by his connection's end.
 */
export function createPace({ monotonic, idle }: PaceDeps = LOOP): Pace {
  /** Those with waiters, whose turn is next first. */
  const lanes = new Set<Set<Waiter>>()
  const wide = new Set<Source>()
  const crowds = new Map<Source, number>()
  let saturated = false
  /** A handshake has begun in this turn. */
  let begun = false
  let armed = false
  let lastLook = monotonic()
  let lastIdle = idle()
  let calm = 0
  let timer: NodeJS.Timeout | undefined

  function arm(): void {
    if (armed) return
    armed = true
    setImmediate(turn)
  }

  function turn(): void {
    armed = false
    begun = false
    const [lane] = lanes
    if (lane === undefined) return
    lanes.delete(lane)
    const [waiter] = lane
    lane.delete(waiter!)
    if (lane.size > 0) lanes.add(lane)
    begun = true
    arm()
    waiter!.begin()
  }

  /** Whether the loop had any time to spare since the last look. */
  function look(now: number): void {
    const idleNow = idle()
    const busy = 1 - (idleNow - lastIdle) / (now - lastLook)
    lastLook = now
    lastIdle = idleNow
    if (busy >= SATURATED) {
      saturated = true
      calm = 0
      for (const [source, count] of crowds) if (count >= CROWD && !wide.has(source)) widen(source)
      timer ??= setInterval(() => look(monotonic()), LOOK_MS).unref()
    } else if (busy < CALM && lanes.size === 0 && ++calm >= CALM_LOOKS) {
      saturated = false
      clearInterval(timer)
      timer = undefined
      for (const source of wide) source.narrow()
      wide.clear()
    }
    crowds.clear()
  }

  function widen(source: Source): void {
    wide.add(source)
    source.widen()
  }

  return {
    lane(maxWaitMs) {
      const waiters = new Set<Waiter>()
      return {
        enter(waiter) {
          if (!saturated || (lanes.size === 0 && !begun)) {
            if (saturated) {
              begun = true
              arm()
            }
            waiter.begin()
            return
          }
          waiters.add(waiter)
          lanes.add(waiters)
          arm()
        },
        leave(waiter) {
          if (waiters.delete(waiter) && waiters.size === 0) lanes.delete(waiters)
        },
        stale() {
          if (waiters.size === 0) return false
          const [oldest] = waiters
          return monotonic() - oldest!.since > maxWaitMs()
        },
        accepted(source) {
          crowds.set(source, (crowds.get(source) ?? 0) + 1)
          const now = monotonic()
          if (timer === undefined && now - lastLook >= LOOK_MS) look(now)
        },
      }
    },
  }
}

const LOOP: PaceDeps = {
  monotonic: () => performance.now(),
  idle: () => performance.eventLoopUtilization().idle,
}
