import type { Queryable } from './database.ts'

/** The same, every question of which ends with the signal: one deadline for all of them. */
export function askUntil(signal: AbortSignal, db: Queryable): Queryable {
  return { query: (sql, parameters) => db.query(sql, parameters, signal) }
}
