import { Refusal } from '../../native-free/refusal.ts'
import type { Outcome } from './target.ts'

/** `accepted`, or the code of the refusal. Everything else that is thrown stays thrown: it is a finding. */
export function outcomeOf(read: () => void): Outcome {
  try {
    read()
    return 'accepted'
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown
    return thrown.code
  }
}

/** `accepted` when what was read passes the check, or the code of the refusal. A refusal within the check is a finding. */
export function outcomeOfRead<T>(read: () => T, check: (value: T) => void): Outcome {
  const value = orRefusal(read)
  if (value instanceof Refusal) return value.code
  check(value)
  return 'accepted'
}

/** What a reader gives, or its refusal. */
export function orRefusal<T>(read: () => T): T | Refusal {
  try {
    return read()
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown
    return thrown
  }
}
