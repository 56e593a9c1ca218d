/**
 * Rejects when the work takes longer. A function is handed a signal, which says then that nobody waits for it any more.
 */
export function within<T>(ms: number, work: Promise<T> | ((signal: AbortSignal) => Promise<T>)): Promise<T> {
  const given = new AbortController()
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const why = new Error(`no answer within ${ms} ms`)
    reject(why)
    given.abort(why)
  }, ms)
  const promise = typeof work === 'function' ? work(given.signal) : work
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
