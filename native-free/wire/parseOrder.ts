import { shortForm } from '../fqan/shortForm.ts'
import { splitList } from './splitList.ts'
import type { OrderEntry } from './types.ts'

/**
 * Reads an `order` value (docs/protocol.md 4.2): a comma list of `group`, `group:role` or `group/Role=role`.
 * Whatever else an entry holds is kept as a group that nobody has: such an entry matches nothing, but it is
 * still the first one asked for. undefined when the list is empty. Throws Refusal REQUEST_TOO_LONG.
 */
export function parseOrder(text: string): readonly OrderEntry[] | undefined {
  const entries = splitList(text).map(parseEntry)
  return entries.length === 0 ? undefined : entries
}

function parseEntry(entry: string): OrderEntry {
  const short = shortForm(entry)
  const roleAt = short.indexOf('/Role=')
  if (roleAt >= 0) return { group: short.slice(0, roleAt), role: short.slice(roleAt + '/Role='.length) }
  const colon = short.indexOf(':')
  if (colon >= 0) return { group: short.slice(0, colon), role: short.slice(colon + 1) }
  return { group: short, role: undefined }
}
