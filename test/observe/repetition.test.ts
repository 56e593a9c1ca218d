import { describe, expect, it } from 'vitest'
import { type LeftOut, limitRepetition, OTHERS } from '../../src/observe/repetition.ts'

function limit(options = { most: 2, windowMs: 60_000, maxKeys: 3 }) {
  const told: [string, LeftOut<number>][] = []
  let now = 0
  const repeated = limitRepetition<number>(
    (key, leftOut) => told.push([key, leftOut]),
    () => now,
    options,
  )
  return {
    ...repeated,
    told,
    pass(ms: number) {
      now += ms
    },
  }
}

describe('repetition in the log', () => {
  it('lets the first few through, then tells how many followed', () => {
    const repeated = limit()
    expect([1, 2, 3, 4, 5].map(item => repeated.allows('a', item))).toEqual([true, true, false, false, false])
    expect(repeated.allows('b', 1)).toBe(true)
    repeated.flush()
    expect(repeated.told).toEqual([['a', { last: 5, count: 3 }]])
  })

  it('begins anew with the next window', () => {
    const repeated = limit()
    for (const item of [1, 2, 3]) repeated.allows('a', item)
    repeated.pass(60_000)
    expect(repeated.allows('a', 4)).toBe(true)
    expect(repeated.told).toEqual([['a', { last: 3, count: 1 }]])
    repeated.flush()
    expect(repeated.told).toHaveLength(1)
  })

  it('holds no more keys than it may', () => {
    const repeated = limit()
    const allowed = Array.from({ length: 1000 }, (_, key) => repeated.allows(String(key), key))
    expect(allowed.filter(Boolean)).toHaveLength(5)
    repeated.flush()
    expect(repeated.told).toEqual([[OTHERS, { last: 999, count: 995 }]])
  })
})
