import { setTimeout as sleep } from 'node:timers/promises'

/** Far more than the first look-up of a database that was just started takes, on a busy machine too. */
const FIRST_ANSWER_MS = 60_000
const BETWEEN_MS = 10

/** Asks until it is answered, and gives the answer. Throws what the last asking threw when that takes a minute. */
export async function firstAnswer(ask: () => Promise<string>): Promise<string> {
  const until = performance.now() + FIRST_ANSWER_MS
  for (;;) {
    const isLast = performance.now() > until
    try {
      return await ask()
    } catch (cause) {
      if (isLast) throw cause
      await sleep(BETWEEN_MS)
    }
  }
}
