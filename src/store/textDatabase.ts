import type { Database, Queryable, Row, SqlValue } from './database.ts'
import { fromSqlText, toSqlText } from './sqlText.ts'
import { untilAborted } from './untilAborted.ts'

/** A result as PostgreSQL writes it: text or NULL, with each column's name and the OID of its type. */
export interface TextResult {
  readonly names: readonly string[]
  readonly oids: readonly number[]
  readonly rows: readonly (readonly (string | null)[])[]
}

export interface TextQueryable {
  query(sql: string, parameters: readonly (string | null)[] | undefined): Promise<TextResult>
}

/** `Database` before values are converted: what crosses from the embedded database's owner to others. */
export interface TextDatabase extends TextQueryable {
  transaction<T>(work: (tx: TextQueryable) => Promise<T>): Promise<T>
  listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>>
  /** All of it, as `restoreEmbedded` takes it: a compressed archive of its files at one moment. */
  dump(): Promise<Uint8Array>
  close(): Promise<void>
}

/** The `Database` face of a text database. */
export function toDatabase(text: TextDatabase): Database {
  return {
    ...toQueryable(text),
    transaction: work => text.transaction(tx => work(toQueryable(tx))),
    listen: (channel, onNotify) => text.listen(channel, onNotify),
    close: () => text.close(),
  }
}

function toQueryable(text: TextQueryable): Queryable {
  return {
    async query<R extends Row>(sql: string, parameters?: readonly SqlValue[], signal?: AbortSignal) {
      const asked = text.query(sql, parameters?.map(toSqlText))
      const { names, oids, rows } = await untilAborted(signal, asked)
      return rows.map(
        row =>
          Object.fromEntries(names.map((name, n) => [name, fromSqlText(oids[n] ?? 0, row[n] ?? null)])) as R,
      )
    },
  }
}
