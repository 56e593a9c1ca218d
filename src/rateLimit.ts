import { LRUCache } from 'lru-cache'

const MINUTE_MS = 60_000
/** Sums of rounded intervals must not cost the last one of a minute. */
const ROUNDING_MS = 1e-3

/**
 * So many of each key in a minute: a bucket that holds a minute's worth and refills evenly. Memory is bounded: beyond
 * `maxKeys`, the key that was seen longest ago begins anew.
 */
export class RateLimit {
  /** When the bucket of each key will be full again. */
  readonly #fullAt: LRUCache<string, number>
  readonly #monotonic: () => number

  constructor(monotonic: () => number, maxKeys = 10_000) {
    this.#monotonic = monotonic
    this.#fullAt = new LRUCache({ max: maxKeys })
  }

  /**
   * Takes one, or answers false.
   * @param perMinute 0: no limit
   */
  take(key: string, perMinute: number): boolean {
    if (perMinute === 0) return true
    const now = this.#monotonic()
    const fullAt = Math.max(this.#fullAt.get(key) ?? 0, now) + MINUTE_MS / perMinute
    if (fullAt - now > MINUTE_MS + ROUNDING_MS) return false
    this.#fullAt.set(key, fullAt)
    return true
  }
}
