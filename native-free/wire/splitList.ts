import { Refusal } from '../refusal.ts'

/**
 * How many FQANs, order entries or targets one request may name. The largest VOs have some hundred groups;
 * without a bound, a request of a few bytes an entry could ask for all groups thousands of times.
 */
export const MAX_ENTRIES = 1000

/** The entries of a comma list, blanks around them trimmed, empty ones dropped. Throws Refusal REQUEST_TOO_LONG. */
export function splitList(text: string): string[] {
  return boundedList(text.split(','))
    .map(entry => entry.trim())
    .filter(entry => entry !== '')
}

/** The same list, refused with REQUEST_TOO_LONG when it has more than MAX_ENTRIES. */
export function boundedList<T>(entries: readonly T[]): readonly T[] {
  if (entries.length > MAX_ENTRIES) {
    throw new Refusal('REQUEST_TOO_LONG', `a list of ${entries.length} entries; at most ${MAX_ENTRIES}`)
  }
  return entries
}
