import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPace, type Lane, type Waiter } from '../../src/listen/pace.ts'

const BEAT_MS = 20

/** An event loop as the pace sees it. Time goes by in whole milliseconds. */
function watchedLoop() {
  const loop = { now: 0, turns: 0, inService: 0 }
  const pace = createPace({
    monotonic: () => loop.now,
    turns: () => loop.turns,
    inService: () => loop.inService,
  })
  /** @param turns of the loop in each millisecond */
  const pass = (milliseconds: number, turns = 5, each: () => void = () => {}) => {
    for (let ms = 0; ms < milliseconds; ms++) {
      loop.now++
      loop.turns += turns
      each()
      vi.advanceTimersByTime(1)
    }
  }
  /** A loop that is held up, and then runs its timers. */
  const block = (milliseconds: number) => {
    loop.now += milliseconds
    vi.advanceTimersByTime(milliseconds)
  }
  return { loop, pace, pass, block }
}

/** As many servers as it was told to have. */
function source() {
  let servers = 1
  const narrow = vi.fn()
  const widen = vi.fn((perTurn: number) => {
    servers = perTurn
    if (perTurn === 1) narrow()
  })
  return { widen, narrow, perTurn: () => servers }
}

/** What became of clients. */
interface Tally {
  begun: number
  turnedAway: number
}
const tally = (): Tally => ({ begun: 0, turnedAway: 0 })

/** Comes at a lane, and is counted. */
function arrive(lane: Lane, from: ReturnType<typeof source>, now: number, count: Tally): void {
  lane.accepted(from)
  if (lane.full()) return void count.turnedAway++
  const waiter: Waiter = {
    since: now,
    hear: spoken => spoken(),
    begin: () => void count.begun++,
    giveUp: () => void count.turnedAway++,
  }
  lane.enter(waiter)
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a loop with time to spare', () => {
  it('begins everything at once', () => {
    const { loop, pace, pass } = watchedLoop()
    const [lane, from, log] = [pace.lane(() => 500), source(), tally()]
    pass(1_000, 5, () => {
      arrive(lane, from, loop.now, log)
      lane.finished()
    })
    expect(log.begun).toBe(1_000)
    expect(from.widen).not.toHaveBeenCalled()
  })

  it('takes being held up for no sign of a crowd where there is none', () => {
    const { loop, pace, pass, block } = watchedLoop()
    const [lane, from, log] = [pace.lane(() => 500), source(), tally()]
    for (let times = 0; times < 10; times++) {
      pass(BEAT_MS, 5, () => arrive(lane, from, loop.now, log) ?? lane.finished())
      block(200)
    }
    expect(log.turnedAway).toBe(0)
    expect(from.widen).not.toHaveBeenCalled()
  })

  it('is looked at only while there are clients', () => {
    const { loop, pace, pass } = watchedLoop()
    const [lane, from, log] = [pace.lane(() => 500), source(), tally()]
    expect(vi.getTimerCount()).toBe(0)
    for (let times = 0; times < 2; times++) {
      arrive(lane, from, loop.now, log)
      pass(2_000)
      expect(vi.getTimerCount(), 'one is in progress').toBe(1)
      lane.finished()
      pass(1_000)
      expect(vi.getTimerCount(), 'nobody is left').toBe(0)
    }
    expect(log.begun).toBe(2)
  })
})

describe('a burst after a quiet time', () => {
  /** Fifty clients a second; then seven hundred at once, and time for all of them: at first one is accepted a turn. */
  function* bursts() {
    const watched = watchedLoop()
    const { loop, pace, pass } = watched
    const [lane, from, log] = [pace.lane(() => 500), source(), tally()]
    let through = 0
    const answer = () => {
      while (through < log.begun) {
        through++
        lane.finished()
      }
    }
    for (;;) {
      pass(1_500, 5, () => {
        if (loop.now % BEAT_MS === 0) arrive(lane, from, loop.now, log)
        answer()
      })
      let coming = 700
      pass(150, 1, () => {
        const most = from.perTurn()
        for (let client = 0; client < Math.min(most, coming); client++) arrive(lane, from, loop.now, log)
        coming -= Math.min(most, coming)
        answer()
      })
      pass(350, 5, answer)
      yield { log, from }
    }
  }

  it('finds nobody turned away for what little was begun before', () => {
    const { log, from } = bursts().next().value!
    expect(from.widen).toHaveBeenCalled()
    expect(log).toEqual({ begun: 75 + 700, turnedAway: 0 })
  })

  it('nor does the next one, while clients are still begun by the pace', () => {
    const several = bursts()
    several.next()
    const { log, from } = several.next().value!
    expect(from.narrow).not.toHaveBeenCalled()
    expect(log).toEqual({ begun: 2 * (75 + 700), turnedAway: 0 })
  })
})

describe('a loop that finds a connection in every turn', () => {
  /** Ten times what gets through: one in each millisecond. */
  function siege(seconds: number) {
    const watched = watchedLoop()
    const { loop, pace, pass } = watched
    const [lane, from, log] = [pace.lane(() => 500), source(), tally()]
    pass(seconds * 1_000, 1, () => {
      for (let client = 0; client < 10; client++) {
        arrive(lane, from, loop.now, log)
      }
      if (log.begun > loop.now - 1) lane.finished()
      // Requests that have begun and do not get through wait for the threads behind.
      loop.inService = Math.max(0, log.begun - loop.now)
    })
    return { ...watched, lane, from, log }
  }

  it('accepts more of them, has them wait, and turns away who would wait too long', () => {
    const { from, log, loop } = siege(4)
    // Ten in each turn: with eight servers all of them found somebody.
    expect(from.perTurn()).toBe(16)
    expect(log.turnedAway).toBeGreaterThan(25_000)
    // What gets through is begun, and not much more.
    expect(log.begun).toBeGreaterThan(3_000)
    expect(log.begun).toBeLessThan(5_500)
    expect(loop.now).toBe(4_000)
  })

  it('has no more servers than find somebody: where one comes in each turn, a second one', () => {
    const { loop, pace, pass } = watchedLoop()
    const [lane, from, log] = [pace.lane(() => 500), source(), tally()]
    pass(4_000, 1, () => {
      arrive(lane, from, loop.now, log)
      lane.finished()
    })
    expect(from.perTurn()).toBe(2)
    expect(log.turnedAway).toBe(0)
  })

  it('is as before when nobody has waited for two seconds', () => {
    const { from, pass, lane, loop, log } = siege(2)
    loop.inService = 0
    pass(6_000)
    expect(from.narrow).toHaveBeenCalledTimes(1)
    const before = log.begun
    arrive(lane, from, loop.now, log)
    expect(log.begun).toBe(before + 1)
  })

  it('lets nobody wait for longer than he may, and begins them in the order of their arrival', () => {
    const { loop, pace, pass } = watchedLoop()
    const [lane, from, log] = [pace.lane(() => 100), source(), [] as string[]]
    const waits: number[] = []
    const order: number[] = []
    let number = 0
    pass(3_000, 1, () => {
      for (let client = 0; client < 5; client++) {
        lane.accepted(from)
        if (lane.full()) continue
        const [since, mine] = [loop.now, number++]
        lane.enter({
          since,
          hear: spoken => spoken(),
          begin() {
            waits.push(loop.now - since)
            order.push(mine)
          },
          giveUp: () => log.push('given up'),
        })
      }
      if (order.length > loop.now / 2) lane.finished()
      loop.inService = Math.max(0, order.length - loop.now / 2)
    })
    // Who was let in waits for three quarters longer at most.
    expect(Math.max(...waits)).toBeLessThanOrEqual(175)
    expect(order).toEqual(order.toSorted((a, b) => a - b))
    expect(order.length).toBeGreaterThan(1_000)
  })

  it('has no more servers for many sources than there are descriptors for', () => {
    const { loop, pace, pass } = watchedLoop()
    const sources = Array.from({ length: 40 }, source)
    const lanes = sources.map(() => pace.lane(() => 500))
    const further = () => sources.reduce((sum, { perTurn }) => sum + perTurn() - 1, 0)
    const besiege = (index: number) => {
      for (let client = 0; client < 40; client++) arrive(lanes[index]!, sources[index]!, loop.now, tally())
    }
    pass(1_000, 1, () => besiege(0))
    expect(further()).toBe(31)
    pass(1_000, 1, () => {
      for (const index of lanes.keys()) besiege(index)
    })
    expect(further()).toBeGreaterThan(31)
    expect(further()).toBeLessThanOrEqual(64)
  })

  it('gives up who was let in when he waits for three quarters longer than a newcomer may', () => {
    const { loop, pace, pass } = watchedLoop()
    const [lane, from] = [pace.lane(() => 100), source()]
    const waits = { begun: [] as number[], givenUp: [] as number[] }
    pass(500, 1, () => {
      for (let client = 0; client < 5; client++) {
        lane.accepted(from)
        if (lane.full()) continue
        const since = loop.now
        lane.enter({
          since,
          hear: spoken => spoken(),
          begin: () => waits.begun.push(loop.now - since),
          giveUp: () => waits.givenUp.push(loop.now - since),
        })
      }
      lane.finished()
    })
    // Nothing gets through any more.
    loop.inService = 10_000
    pass(2_000)
    expect(waits.givenUp).not.toEqual([])
    expect(Math.min(...waits.givenUp)).toBeGreaterThan(175)
    expect(Math.max(...waits.begun)).toBeLessThanOrEqual(175)
  })

  it('hears clients before they wait: who stands still takes no turn, and nobody is turned away for him', () => {
    const { loop, pace, pass } = watchedLoop()
    const [lane, from, log] = [pace.lane(() => 500), source(), tally()]
    let silent = 0
    pass(4_000, 1, () => {
      for (let client = 0; client < 10; client++) {
        lane.accepted(from)
        if (lane.full()) log.turnedAway++
        else lane.enter({ since: loop.now, hear: () => silent++, begin: () => log.begun++, giveUp: () => {} })
      }
      if (loop.now % BEAT_MS === 0) arrive(lane, from, loop.now, log)
    })
    // The first of them came before there was a crowd.
    expect(silent).toBeGreaterThan(35_000)
    expect(log.turnedAway).toBe(0)
    expect(log.begun + silent).toBe(40_200)
  })

  it('serves a VO that few ask beside one that is besieged', () => {
    const { loop, pace, pass } = watchedLoop()
    const [besieged, quiet] = [pace.lane(() => 500), pace.lane(() => 500)]
    const [from, other] = [source(), source()]
    const crowd = tally()
    const failed: string[] = []
    const waits: number[] = []
    pass(4_000, 1, () => {
      for (let client = 0; client < 10; client++) arrive(besieged, from, loop.now, crowd)
      if (loop.now % 20 === 0) {
        quiet.accepted(other)
        const since = loop.now
        if (quiet.full()) failed.push('turned away')
        else
          quiet.enter({
            since,
            hear: spoken => spoken(),
            begin: () => waits.push(loop.now - since),
            giveUp: () => failed.push('given up'),
          })
      }
      const all = crowd.begun + waits.length
      if (all > loop.now) besieged.finished()
      loop.inService = Math.max(0, all - loop.now)
    })
    expect(failed).toEqual([])
    expect(waits.length).toBeGreaterThan(190)
    expect(Math.max(...waits)).toBeLessThan(100)
  })
})
