import { join } from 'node:path'
import { PGlite, type Transaction, types } from '@electric-sql/pglite'
import { DatabaseError, toDatabaseError } from './DatabaseError.ts'
import type { Database } from './database.ts'
import { lockFolder } from './folderLock.ts'
import { type TextDatabase, type TextResult, toDatabase } from './textDatabase.ts'

/**
 * PGlite in this process, its files under `folder`, which stays locked until `close`. Starting takes some
 * seconds and 300 MB, and a statement blocks this process's event loop while it runs. Throws DatabaseError:
 * 'conflict' when another process has the folder.
 */
export async function openEmbedded(folder: string): Promise<Database> {
  return toDatabase(await openEmbeddedText(folder))
}

/** The same, with values as text: for the owner process, which passes them on. */
export async function openEmbeddedText(folder: string): Promise<TextDatabase> {
  const lock = await lockFolder(folder)
  try {
    const db = await PGlite.create({ dataDir: join(folder, 'pgdata') })
    return createText(db, lock.release)
  } catch (cause) {
    lock.release()
    throw new DatabaseError('unavailable', `the embedded database in ${folder} does not start`, { cause })
  }
}

// PGlite converts both ways by type. Here values cross as text, as pg sends them, and are converted in one
// place for every back end.
const AS_TEXT = Object.fromEntries(Object.keys(types.parsers).map(oid => [oid, (text: string) => text]))

function createText(db: PGlite, afterClose: () => void): TextDatabase {
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
    async dump() {
      await runQuery(db, 'checkpoint', undefined)
      // It lets no statement run meanwhile; what a transaction under way has written, the recovery undoes.
      const archive = await db.dumpDataDir('gzip')
      return new Uint8Array(await archive.arrayBuffer())
    },
    async close() {
      if (!db.closed) await db.close()
      afterClose()
    },
  }
}

async function runQuery(
  on: PGlite | Transaction,
  sql: string,
  parameters: readonly (string | null)[] | undefined,
): Promise<TextResult> {
  try {
    const result =
      parameters === undefined
        ? (await on.exec(sql, { rowMode: 'array' })).at(-1)
        : await on.query(sql, [...parameters], { rowMode: 'array' })
    return {
      names: result?.fields.map(({ name }) => name) ?? [],
      oids: result?.fields.map(({ dataTypeID }) => dataTypeID) ?? [],
      rows: (result?.rows ?? []) as unknown as TextResult['rows'],
    }
  } catch (thrown) {
    throw toDatabaseError(thrown)
  }
}
