/**
 * unavailable: no answer (connection, time-out, shut-down); trying again later may help, and nothing is
 * known of what was asked, a COMMIT included.
 * conflict: another row or transaction stands against it. statement: the database refused it.
 */
export type DatabaseErrorKind = 'unavailable' | 'statement' | 'conflict'

/**
 * Every failure of a `Database`. `sqlState` and `constraint` are the server's own, where it gave them; `advice` is what
 * the operator does, where that is known.
 */
export class DatabaseError extends Error {
  readonly kind: DatabaseErrorKind
  readonly sqlState: string | undefined
  readonly constraint: string | undefined
  readonly advice: string | undefined
  constructor(
    kind: DatabaseErrorKind,
    message: string,
    details: {
      readonly sqlState?: string | undefined
      readonly constraint?: string | undefined
      readonly advice?: string | undefined
      readonly cause?: unknown
    } = {},
  ) {
    super(message, { cause: details.cause })
    this.name = 'DatabaseError'
    this.kind = kind
    this.sqlState = details.sqlState
    this.constraint = details.constraint
    this.advice = details.advice
  }
}

/** What pg, PGlite or the network threw, as a DatabaseError. */
export function toDatabaseError(thrown: unknown): DatabaseError {
  if (thrown instanceof DatabaseError) return thrown
  const { code, constraint, severity, message } = thrown as Partial<Record<string, string>>
  const text = message || code || String(thrown)
  // Only a server's own error has a severity; every other one came on the way to it.
  if (severity === undefined || code === undefined) {
    return new DatabaseError('unavailable', text, { cause: thrown })
  }
  return new DatabaseError(kindOf(code), text, { sqlState: code, constraint, cause: thrown })
}

/** PostgreSQL, appendix A. */
function kindOf(sqlState: string): DatabaseErrorKind {
  switch (sqlState.slice(0, 2)) {
    case '08': // connection exception
    case '28': // a role that may not connect: an outage for whoever asks, mended by the operator
    case '3D': // no such database
    case '53': // out of memory, disk or connections
    case '57': // shut down, starting up, or cancelled by statement_timeout
    case '58': // system error
    case 'XX': // internal error, corrupted data
      return 'unavailable'
    case '40': // serialization failure, deadlock
      return 'conflict'
    default:
      return CONFLICTS.has(sqlState) ? 'conflict' : 'statement'
  }
}

// Foreign key, unique and exclusion violations, and a lock that was not to be had.
const CONFLICTS = new Set(['23503', '23505', '23P01', '55P03'])
