import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { DatabaseError } from './DatabaseError.ts'
import { openEmbedded } from './embedded.ts'
import { lockFolder } from './folderLock.ts'
import { migrate } from './migrate.ts'

/**
 * Makes the embedded database in `folder` of what `TextDatabase.dump` gave, and brings its schema up to date. Throws
 * DatabaseError: 'conflict' when there is a database already, or another process has the folder.
 */
export async function restoreEmbedded(folder: string, dump: Uint8Array<ArrayBuffer>): Promise<void> {
  const dataDir = join(folder, 'pgdata')
  const lock = await lockFolder(folder)
  try {
    if (existsSync(dataDir)) {
      throw new DatabaseError('conflict', `there is a database in ${folder} already`, {
        advice: `if it is of no use any more, stop the daemon and move ${dataDir} away`,
      })
    }
    const db = await PGlite.create({ dataDir, loadDataDir: new Blob([dump]) })
    await db.close()
  } catch (cause) {
    if (cause instanceof DatabaseError) throw cause
    rmSync(dataDir, { recursive: true, force: true })
    throw new DatabaseError('unavailable', 'this is no copy that vouchd backup made', { cause })
  } finally {
    lock.release()
  }
  const db = await openEmbedded(folder)
  try {
    await migrate(db)
  } finally {
    await db.close()
  }
}
