import type { Admission } from './admission.ts'

/** The file descriptors of a process, as far as clients may use them. */
export interface Descriptors {
  /** Connections of clients that may be open at once, over all VOs. */
  most: number
  used: number
  /** Who could make room. */
  readonly holders: Set<Admission>
}

/**
 * Kept for the audit, the log, the database, files that are read anew and further listening sockets (pace.ts), whatever
 * clients do.
 */
const RESERVED = 192

/**
 * A process that is out of file descriptors cannot record what it issues, and the system then closes connections of
 * clients without telling anybody. So clients get what is left after a reserve; never less than half of a small limit.
 * @param limit how many the process may have; NaN: not known
 */
export function createDescriptors(limit: number): Descriptors {
  const most = Number.isNaN(limit)
    ? Number.POSITIVE_INFINITY
    : Math.max(limit - RESERVED, Math.floor(limit / 2))
  return { most, used: 0, holders: new Set() }
}
