import { describe, expect, it } from 'vitest'
import { RateLimit } from '../src/rateLimit.ts'

function limited(maxKeys?: number) {
  const clock = { now: 5_000 }
  return { clock, limit: new RateLimit(() => clock.now, maxKeys) }
}

/** How many of so many tries got through. */
function taken(limit: RateLimit, tries: number, perMinute: number, key = 'k'): number {
  return Array.from({ length: tries }, () => limit.take(key, perMinute)).filter(Boolean).length
}

describe('RateLimit', () => {
  it.each([1, 2, 3, 7, 60, 1_000, 99_991])(
    'lets %d at once through, and then one each interval',
    perMinute => {
      const { clock, limit } = limited()
      expect(taken(limit, perMinute + 5, perMinute)).toBe(perMinute)
      clock.now += 60_000 / perMinute + 0.01
      expect(taken(limit, 5, perMinute)).toBe(1)
    },
  )

  it('is full again after a minute, and no fuller after an hour', () => {
    const { clock, limit } = limited()
    expect(taken(limit, 20, 10)).toBe(10)
    clock.now += 60_000
    expect(taken(limit, 20, 10)).toBe(10)
    clock.now += 3_600_000
    expect(taken(limit, 20, 10)).toBe(10)
  })

  it('counts each key for itself', () => {
    const { limit } = limited()
    expect(taken(limit, 5, 2, 'a')).toBe(2)
    expect(taken(limit, 5, 2, 'b')).toBe(2)
  })

  it('lets everything through at 0', () => {
    const { limit } = limited()
    expect(taken(limit, 1_000, 0)).toBe(1_000)
  })

  it('follows a limit that is changed, at once', () => {
    const { clock, limit } = limited()
    expect(taken(limit, 10, 4)).toBe(4)
    expect(taken(limit, 100, 10)).toBe(6)
    expect(taken(limit, 10, 2)).toBe(0)
    clock.now += 30_001
    expect(taken(limit, 10, 2)).toBe(1)
  })

  it('forgets the key seen longest ago when there are too many', () => {
    const { limit } = limited(3)
    for (const key of ['a', 'b', 'c']) expect(taken(limit, 2, 1, key)).toBe(1)
    expect(limit.take('d', 1)).toBe(true)
    expect(limit.take('c', 1)).toBe(false)
    expect(limit.take('a', 1)).toBe(true)
  })
})
