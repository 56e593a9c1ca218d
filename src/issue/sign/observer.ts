/** One batch that came back from a pool thread. Times in seconds. */
export interface BatchTimes {
  readonly size: number
  /** From sign() to hand-over, of the one that waited longest. */
  readonly waitSeconds: number
  /** Spent signing in the thread. */
  readonly workSeconds: number
  /** From hand-over to answer, less the work: the way to the thread and back. */
  readonly hopSeconds: number
}

/** What a pool tells of itself. Called on the hot path: implementations only count. */
export interface SignerObserver {
  /** How many values wait for a thread now. */
  queueLength(length: number): void
  batch(times: BatchTimes): void
  /** A thread died, or could not be started; the pool goes on with a new one. */
  fault(error: Error): void
}

/** For who does not measure. */
export const unobserved: SignerObserver = { queueLength() {}, batch() {}, fault() {} }
