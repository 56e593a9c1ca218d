import { chmodSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseError } from './DatabaseError.ts'

export interface FolderLock {
  release(): void
}

/**
 * Makes the folder (0700) or checks that it is ours alone, and locks it for this process. Throws
 * DatabaseError 'conflict' when another process has it; the message names that one's pid.
 *
 * The lock is the one SQLite takes on a file of its own (fcntl): the kernel ends it with the process,
 * `kill -9` included, and Node offers no other such lock. Nothing may open that file by another way in
 * this process, since closing it would give the lock away: the pid has a file of its own.
 */
export async function lockFolder(folder: string, what = 'embedded database'): Promise<FolderLock> {
  requireOwnFolder(folder)
  const { DatabaseSync } = await importSqlite()
  const lock = new DatabaseSync(join(folder, 'lock'), { timeout: 0 })
  const owner = join(folder, 'owner.pid')
  try {
    // No journal beside it: nothing is ever written.
    lock.exec('pragma journal_mode = memory; begin exclusive')
  } catch (cause) {
    lock.close()
    throw (cause as { errcode?: number }).errcode === SQLITE_BUSY
      ? new DatabaseError('conflict', heldBy(what, folder, owner), { cause })
      : new DatabaseError('unavailable', `${folder} cannot be locked`, { cause })
  }
  writeFileSync(owner, `${process.pid}\n`, { mode: 0o600 })
  return {
    release() {
      rmSync(owner, { force: true })
      lock.close()
    },
  }
}

const SQLITE_BUSY = 5

/** What root is advised who finds a folder of the service's user. */
export const NOT_AS_ROOT = 'run as that user, not as root (runuser -u USER -- COMMAND)'

function heldBy(what: string, folder: string, owner: string): string {
  let pid = ''
  try {
    pid = readFileSync(owner, 'utf8').trim()
  } catch {
    // Locked, and its pid not written yet.
  }
  return `the ${what} in ${folder} is in use by ${pid === '' ? 'another process' : `process ${pid}`}`
}

/** Makes the folder. Throws DatabaseError unless it is a real one, owned by this user, and closed to all others. */
export function requireOwnFolder(folder: string): void {
  let stats = lstatSync(folder, { throwIfNoEntry: false })
  if (stats === undefined) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    chmodSync(folder, 0o700)
    stats = lstatSync(folder)
  }
  const refuse = (fault: string, advice: string) =>
    new DatabaseError('unavailable', `the folder ${folder} ${fault}`, { advice })
  if (!stats.isDirectory()) throw refuse('is not a folder', 'name another one')
  const uid = process.getuid?.()
  if (stats.uid !== uid) {
    const advice =
      uid === 0
        ? NOT_AS_ROOT
        : `run as that user, or where root made it by mistake, give it back: chown -R ${uid} ${folder}`
    throw refuse(`belongs to another user (uid ${stats.uid})`, advice)
  }
  if (stats.mode & 0o077) throw refuse('is open to other users', `chmod 700 ${folder}`)
}

/** Node 24 announces SQLite as experimental on stderr, which would look like a fault of ours. */
async function importSqlite(): Promise<typeof import('node:sqlite')> {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return await import('node:sqlite')
  } finally {
    process.emitWarning = emitWarning
  }
}
