/** What a repetition limit has left out of a log. */
export interface LeftOut<T> {
  /** The last that was left out. */
  readonly last: T
  readonly count: number
}

interface Window<T> {
  seen: number
  last: T | undefined
}

export interface RepetitionLimit<T> {
  /** Whether this one is to be written. */
  allows(key: string, item: T): boolean
  /** Reports what the window that is running has left out so far, and begins a new one. */
  flush(): void
}

/** A hostile client may repeat itself thousands of times a second: an operator learns enough from these. */
export const REPEATS = { most: 10, windowMs: 60_000, maxKeys: 1000 }

/**
 * Lets the first `most` of each key through in a window; of the rest it tells how many there were, when the window
 * ends. Beyond `maxKeys` keys at a time, strangers share one, so that memory stays bounded whoever asks.
 */
export function limitRepetition<T>(
  onLeftOut: (key: string, leftOut: LeftOut<T>) => void,
  monotonic: () => number,
  { most, windowMs, maxKeys } = REPEATS,
): RepetitionLimit<T> {
  const windows = new Map<string, Window<T>>()
  let timer: NodeJS.Timeout | undefined
  let began = Number.NEGATIVE_INFINITY

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    for (const [key, { seen, last }] of windows) {
      if (seen > most) onLeftOut(key, { last: last as T, count: seen - most })
    }
    windows.clear()
  }

  function begin(): void {
    began = monotonic()
    timer = setTimeout(flush, windowMs)
    timer.unref()
  }

  return {
    allows(key, item) {
      if (monotonic() - began >= windowMs) flush()
      if (windows.size === 0) begin()
      const known = windows.has(key) || windows.size < maxKeys ? key : OTHERS
      const window = windows.get(known) ?? { seen: 0, last: undefined }
      windows.set(known, window)
      window.seen++
      if (window.seen <= most) return true
      window.last = item
      return false
    },
    flush,
  }
}

/** The key of all that came when there were too many keys. */
export const OTHERS = 'others'
