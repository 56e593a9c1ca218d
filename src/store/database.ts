/** A value that crosses to and from the database. */
export type SqlValue = string | number | bigint | boolean | null | Date | Uint8Array | readonly SqlValue[]
export type Row = Record<string, unknown>

export interface Queryable {
  /**
   * Runs one statement with $1.. parameters; without parameters the text may hold several statements, and
   * the last one's rows come back. int8 and numeric come as strings, timestamptz as Date, json parsed.
   * Throws DatabaseError, and 'unavailable' as soon as the signal aborts: waiting for a connection, connecting
   * and the statement itself end with it.
   */
  query<R extends Row = Row>(
    sql: string,
    parameters?: readonly SqlValue[],
    signal?: AbortSignal,
  ): Promise<R[]>
}

/**
 * The one small face of pg, of PGlite in this process, and of PGlite owned by another process.
 * Same SQL, same migrations behind each.
 */
export interface Database extends Queryable {
  /**
   * Runs `work` in one transaction: committed when it resolves, rolled back when it throws. Within `work`
   * only `tx` may be used: PGlite has one session, so that the outer `query` would wait for itself.
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>
  /**
   * Calls `onNotify` for each NOTIFY on the channel, and with '' after a lost connection came back. A hint
   * only: it may be lost. Returns how to stop.
   */
  listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>>
  close(): Promise<void>
  /** Its connections to a server, by what they do. */
  readonly pool?: () => PoolFigures
}

export interface PoolFigures {
  readonly idle: number
  readonly inUse: number
  /** Statements that wait for a connection. */
  readonly waiting: number
}
