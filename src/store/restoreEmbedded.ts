import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { DatabaseError } from './DatabaseError.ts'
import { openEmbedded } from './embedded.ts'
import { lockFolder } from './folderLock.ts'
import { migrate } from './migrate.ts'

/**
 * Makes the embedded database in `folder` of what `TextDatabase.dump` gave, and brings its schema up to date. Throws
 * DatabaseError: 'conflict' when there is a database already, or another process has the folder. It gets its name when
 * it is whole: an attempt that is cut short leaves nothing that a daemon would start with.
 */
export async function restoreEmbedded(folder: string, dump: Uint8Array<ArrayBuffer>): Promise<void> {
  const dataDir = join(folder, 'pgdata')
  const fresh = join(folder, 'pgdata.new')
  const lock = await lockFolder(folder)
  try {
    if (existsSync(dataDir)) {
      throw new DatabaseError('conflict', `there is a database in ${folder} already`, {
        advice: `if it is of no use any more, stop the daemon and move ${dataDir} away`,
      })
    }
    rmSync(fresh, { recursive: true, force: true })
    const db = await PGlite.create({ dataDir: fresh, loadDataDir: new Blob([dump]) })
    await db.close()
    renameSync(fresh, dataDir)
  } catch (cause) {
    if (cause instanceof DatabaseError) throw cause
    rmSync(fresh, { recursive: true, force: true })
    if ((cause as NodeJS.ErrnoException).code === 'ENOSPC') {
      throw new DatabaseError('unavailable', `there is no room left in ${folder}`, {
        advice: 'make some and run it again: nothing was restored',
        cause,
      })
    }
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
