/** The only home of the wall clock: seconds since the epoch, whole. Everything else is handed one of these. */
export interface Clock {
  now(): number
}

export const systemClock: Clock = { now: () => Math.floor(Date.now() / 1000) }
