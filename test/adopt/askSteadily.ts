import { setTimeout as sleep } from 'node:timers/promises'

/** One request: when it began and ended, in milliseconds since the epoch, and what came of it. */
export interface Asked<T> {
  readonly began: number
  readonly ended: number
  readonly answer: T
}

/** A client that asks at a steady pace, whether or not the request before has been answered. */
export interface SteadyClient<T> {
  /** Every answer so far, in the order in which they came. */
  readonly asked: readonly Asked<T>[]
  /** Resolves at the next answer that is like this. */
  next(isIt: (asked: Asked<T>) => boolean): Promise<Asked<T>>
  /** Ends after what is under way. */
  stop(): Promise<void>
}

export function askSteadily<T>(everyMs: number, ask: () => Promise<T>): SteadyClient<T> {
  const asked: Asked<T>[] = []
  const waiting = new Set<(one: Asked<T>) => void>()
  const underWay = new Set<Promise<void>>()
  const end = new AbortController()

  async function once(): Promise<void> {
    const began = Date.now()
    const answer = await ask()
    const one = { began, ended: Date.now(), answer }
    asked.push(one)
    for (const tell of waiting) tell(one)
  }

  async function go(): Promise<void> {
    while (!end.signal.aborted) {
      const one = once().finally(() => underWay.delete(one))
      underWay.add(one)
      await sleep(everyMs, undefined, { signal: end.signal }).catch(() => {})
    }
  }

  const going = go()
  return {
    asked,
    next: isIt =>
      new Promise(resolve => {
        const tell = (one: Asked<T>) => {
          if (!isIt(one)) return
          waiting.delete(tell)
          resolve(one)
        }
        waiting.add(tell)
      }),
    async stop() {
      end.abort()
      await going
      await Promise.all(underWay)
    },
  }
}
