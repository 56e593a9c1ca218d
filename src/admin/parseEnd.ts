import { AdminError, shown } from './AdminError.ts'

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/
const INSTANT = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(?::\d{2})?Z$/

/**
 * When a membership or holding ends: "2027-01-31" counts through the end of that day (UTC), an instant like
 * "2027-01-31T12:00:00Z" is taken as it is, "never" is null. Throws AdminError ADMIN_VALUE.
 */
export function parseEnd(text: string): Date | null {
  if (text === 'never') return null
  const day = DAY.test(text) ? text : INSTANT.exec(text)?.[1]
  const at = new Date(text === day ? `${text}T23:59:59Z` : text)
  // 30 February becomes 2 March to Date.
  if (day !== undefined && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(day)) return at
  throw new AdminError(
    'ADMIN_VALUE',
    `"${shown(text)}" is no date`,
    'write 2027-01-31 (to the end of that day, UTC), 2027-01-31T12:00:00Z, or never',
  )
}
