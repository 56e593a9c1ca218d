import { join } from 'node:path'
import { PGlite, type Results, type Transaction, types } from '@electric-sql/pglite'
import { DatabaseError, toDatabaseError } from './DatabaseError.ts'
import type { Database, Row, SqlValue } from './database.ts'
import { lockFolder } from './folderLock.ts'
import { fromSqlText, toSqlText } from './sqlText.ts'

/**
 * PGlite in this process, its files under `folder`, which stays locked until `close`. Starting takes some
 * seconds and 300 MB, and a statement blocks this process's event loop while it runs.
 */
export async function openEmbedded(folder: string): Promise<Database> {
  const lock = await lockFolder(folder)
  try {
    const db = await PGlite.create({ dataDir: join(folder, 'pgdata') })
    const face = createEmbedded(db)
    return {
      ...face,
      async close() {
        await face.close()
        lock.release()
      },
    }
  } catch (cause) {
    lock.release()
    throw new DatabaseError('unavailable', `the embedded database in ${folder} does not start`, { cause })
  }
}

/** PGlite without files: for tests. */
export async function openInMemory(): Promise<Database> {
  return createEmbedded(await PGlite.create())
}

function createEmbedded(db: PGlite): Database {
  db.parsers = AS_TEXT
  db.serializers = AS_TEXT
  return {
    query: (sql, parameters) => runQuery(db, sql, parameters),
    async transaction(work) {
      let refusal: { readonly thrown: unknown } | undefined
      try {
        return await db.transaction(async tx => {
          try {
            return await work({ query: (sql, parameters) => runQuery(tx, sql, parameters) })
          } catch (thrown) {
            refusal = { thrown }
            throw thrown
          }
        })
      } catch (thrown) {
        throw refusal === undefined ? toDatabaseError(thrown) : refusal.thrown
      }
    },
    async listen(channel, onNotify) {
      const stop = await db.listen(channel, onNotify)
      return async () => {
        if (!db.closed) await stop()
      }
    },
    async close() {
      if (!db.closed) await db.close()
    },
  }
}

async function runQuery<R extends Row>(
  on: PGlite | Transaction,
  sql: string,
  parameters?: readonly SqlValue[],
): Promise<R[]> {
  try {
    const result =
      parameters === undefined
        ? (await on.exec(sql)).at(-1)
        : await on.query<Row>(sql, parameters.map(toSqlText))
    return result === undefined ? [] : parseRows(result)
  } catch (thrown) {
    throw toDatabaseError(thrown)
  }
}

// PGlite converts both ways by type. Here values cross as text, as pg sends them, and are converted in one
// place for every back end.
const AS_TEXT = Object.fromEntries(Object.keys(types.parsers).map(oid => [oid, (text: string) => text]))

function parseRows<R extends Row>({ rows, fields }: Results): R[] {
  const parsed: Row[] = rows as Row[]
  for (const row of parsed) {
    for (const { name, dataTypeID } of fields) row[name] = fromSqlText(dataTypeID, row[name] as string | null)
  }
  return parsed as R[]
}
