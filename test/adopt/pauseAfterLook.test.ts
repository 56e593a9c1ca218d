import { expect, it } from 'vitest'
import { pauseAfterLook } from '../../src/adopt/pauseAfterLook.ts'

it.each([
  [10, 0, 8000],
  [10, 600, 7400],
  [10, 3900, 4100],
  // A source that takes longer than there is time for is not looked at without pause.
  [10, 20_000, 4000],
  [1, 0, 500],
  [1, 400, 250],
  [3600, 1000, 3_597_000],
])('effective within %d s, a look of %d ms: the next one after %d ms', (everySeconds, tookMs, pause) => {
  expect(pauseAfterLook(everySeconds, tookMs)).toBe(pause)
})

it.each([2, 10, 60])('within %d s a look begins, and there is time for what it finds', everySeconds => {
  for (let tookMs = 0; tookMs <= (everySeconds * 1000) / 4; tookMs += 100) {
    const period = tookMs + pauseAfterLook(everySeconds, tookMs)
    expect(everySeconds * 1000 - period).toBeGreaterThanOrEqual(Math.min(2000, everySeconds * 500))
  }
})
