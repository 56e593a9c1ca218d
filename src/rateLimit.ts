import { LRUCache } from 'lru-cache'

const MINUTE_MS = 60_000
/** Sums of rounded shares must not cost the last one of a minute. */
const ROUNDING = 1e-6

interface Bucket {
  /** Taken and not refilled yet, as of `at`. */
  taken: number
  at: number
}

/**
 * So many of each key in a minute: a bucket that holds a minute's worth and refills evenly. Memory is bounded: beyond
 * `maxKeys`, the key that was seen longest ago begins anew.
 */
export class RateLimit {
  readonly #buckets: LRUCache<string, Bucket>
  readonly #monotonic: () => number

  constructor(monotonic: () => number, maxKeys = 10_000) {
    this.#monotonic = monotonic
    this.#buckets = new LRUCache({ max: maxKeys })
  }

  /**
   * Takes one, or answers false. A limit that changes takes effect at once.
   * @param perMinute 0: no limit
   */
  take(key: string, perMinute: number): boolean {
    if (perMinute === 0) return true
    const now = this.#monotonic()
    const bucket = this.#buckets.get(key)
    if (bucket === undefined) {
      this.#buckets.set(key, { taken: 1, at: now })
      return true
    }
    const refilled = ((now - bucket.at) * perMinute) / MINUTE_MS
    bucket.taken = Math.max(0, Math.min(bucket.taken, perMinute) - refilled)
    bucket.at = now
    if (bucket.taken + 1 > perMinute + ROUNDING) return false
    bucket.taken++
    return true
  }
}
