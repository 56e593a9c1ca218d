/** A moment: seconds since the epoch, or ISO text such as 2026-01-02T03:04:05Z. The kit never asks the clock. */
export type Moment = number | string

export function seconds(moment: Moment): number {
  if (typeof moment === 'number') return moment
  const ms = Date.parse(moment)
  if (Number.isNaN(ms)) throw new Error(`not a moment: ${moment}`)
  return Math.floor(ms / 1000)
}
