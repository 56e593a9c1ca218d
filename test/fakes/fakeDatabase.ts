import { DatabaseError } from '../../src/store/DatabaseError.ts'
import type { Database, Row, SqlValue } from '../../src/store/database.ts'

/** One row of the holdings view; what a test leaves out is as below. */
export interface FakeHolding {
  vo?: string
  member?: string
  subject?: string
  issuer?: string
  suspended?: boolean
  reason?: string | null
  ends?: number | null
  fqgroup?: string | null
  role?: string | null
  optional?: boolean
}

export interface FakeChange {
  vo?: string
  member?: string
}

/**
 * Stands for a database that holds the two views and the record of changes. Its rows come back whatever their
 * subject, as from one with a very loose comparison.
 */
export interface FakeDatabase extends Database {
  holdings: FakeHolding[]
  attributes: Row[]
  /** Thrown by every query while set. */
  failure: Error | undefined
  /** While set, queries of that kind wait for it. */
  holdLookups: Promise<unknown> | undefined
  holdPolls: Promise<unknown> | undefined
  /** What the next poll reports. */
  changes: FakeChange[]
  /** Identity and clock of the server, as the poll sees them. */
  server: string
  at: number
  xmax: number
  version: string
  readonly asked: { lookups: number; polls: number }
  notify(): void
}

export const SUBJECT = '/C=IT/O=Test/CN=test0'
export const ISSUER = '/C=IT/O=Test/CN=CA'

export function fakeDatabase(): FakeDatabase {
  const listeners = new Set<(payload: string) => void>()
  const db: FakeDatabase = {
    holdings: [],
    attributes: [],
    failure: undefined,
    holdLookups: undefined,
    holdPolls: undefined,
    changes: [],
    server: 'started',
    at: 1000,
    xmax: 100,
    version: 'one',
    asked: { lookups: 0, polls: 0 },
    async query<R extends Row>(sql: string, parameters?: readonly SqlValue[]): Promise<R[]> {
      if (db.failure !== undefined) throw db.failure
      return (await answer(sql, parameters)) as R[]
    },
    transaction: work => work(db),
    async listen(_channel, onNotify) {
      listeners.add(onNotify)
      return async () => void listeners.delete(onNotify)
    },
    notify() {
      for (const listener of listeners) listener('')
    },
    async close() {},
  }

  async function answer(sql: string, parameters: readonly SqlValue[] = []): Promise<Row[]> {
    if (sql.includes('extract(epoch from ends_at)')) {
      db.asked.lookups++
      // Read before it is held up, as by a database whose answer is slow to come.
      const rows = db.holdings.map(withDefaults).filter(row => row['vo'] === parameters[0])
      await db.holdLookups
      return rows
    }
    if (sql.includes('pg_current_snapshot')) {
      db.asked.polls++
      const changes = db.changes
      const head = { snapshot: '1:1:', xmax: `${db.xmax}`, at: db.at, server: db.server }
      await db.holdPolls
      db.changes = []
      if (changes.length === 0) return [{ ...head, changed: false, vo: null, member: null }]
      return changes.map(({ vo, member }) => ({
        ...head,
        changed: true,
        vo: vo ?? null,
        member: member ?? null,
      }))
    }
    if (sql === 'select version') return [{ version: db.version }]
    if (sql === 'select 1') return [{ '?column?': 1 }]
    return db.attributes
  }
  return db
}

function withDefaults(holding: FakeHolding): Row {
  return {
    vo: 'vo.0',
    member: '1',
    subject: SUBJECT,
    issuer: ISSUER,
    suspended: false,
    reason: null,
    ends: null,
    fqgroup: null,
    role: null,
    optional: false,
    ...holding,
  }
}

export const unavailable = () => new DatabaseError('unavailable', 'connection refused')
