/**
 * What a look at a changed source and the processes that serve may take together, before members are asked for by what
 * it found. A look that is known to take longer shows in the log, and belongs into a longer period.
 */
const EFFECT_MS = 2_000

/**
 * Milliseconds from the end of a look to the next one: looks begin so often that a change is found, mirrored and
 * served within `everySeconds`. A source that takes long to look at is given at least as much rest as half of that.
 */
export function pauseAfterLook(everySeconds: number, tookMs: number): number {
  const all = everySeconds * 1000
  const period = all - Math.min(EFFECT_MS, all / 2)
  return Math.max(period - tookMs, period / 2)
}
