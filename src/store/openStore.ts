import { setTimeout as sleep } from 'node:timers/promises'
import type { StoreConfig } from '../config/types.ts'
import { DatabaseError } from './DatabaseError.ts'
import type { Database } from './database.ts'
import { connectOwner } from './ownerClient.ts'
import { createPostgres } from './postgres.ts'
import { startOwner } from './startOwner.ts'
import { type TextDatabase, toDatabase } from './textDatabase.ts'

export interface OpenStoreOptions {
  /**
   * serve: the daemon's one process that has the database; embedded, it starts and keeps the owner process,
   * which migrates. worker: another process of that daemon. command: a short-lived one beside the daemon or
   * without it. owner: a command that writes (`migrate`, `import`), as the server's owner role.
   */
  readonly mode: 'serve' | 'worker' | 'command' | 'owner'
  /** Told of connections, or the owner process, lost and taken up again. */
  readonly onLost?: (error: DatabaseError) => void
}

// A look-up is bounded more tightly by the directory; this only keeps questions from piling up.
const EMBEDDED_TIMEOUT_MS = 30_000
const OWNER_STARTING_MS = 10_000

/**
 * Opens the configured store. A server's database is not contacted before the first query. Throws
 * DatabaseError: 'conflict' when the embedded database's folder is in use by a process that cannot be asked.
 */
export async function openStore(config: StoreConfig, options: OpenStoreOptions): Promise<Database> {
  const { mode, onLost = () => {} } = options
  if (config.kind === 'postgres') {
    return createPostgres(config, { role: mode === 'owner' ? 'owner' : 'reader', onLost })
  }
  switch (mode) {
    case 'serve':
      return openServing(config.folder, onLost)
    case 'worker':
      return openAsWorker(config.folder)
    default:
      return toDatabase(await openBeside(config.folder))
  }
}

async function openServing(folder: string, onLost: (error: DatabaseError) => void): Promise<Database> {
  const owner = await startOwner(folder, onLost)
  const db = toDatabase(await connectOwner(folder, { queryTimeoutMs: EMBEDDED_TIMEOUT_MS }))
  return {
    ...db,
    async close() {
      await db.close()
      await owner.close()
    },
  }
}

/** The owner may be starting again just now. */
async function openAsWorker(folder: string): Promise<Database> {
  for (let waited = 0; ; waited += 100) {
    try {
      return toDatabase(await connectOwner(folder, { queryTimeoutMs: EMBEDDED_TIMEOUT_MS }))
    } catch (thrown) {
      if (waited >= OWNER_STARTING_MS) throw thrown
      await sleep(100)
    }
  }
}

/** Asks the running daemon's owner process; takes the lock where there is none. */
export async function openBeside(folder: string): Promise<TextDatabase> {
  // The processes of a daemon ask its owner: none of them has the database's program in its memory.
  const { openEmbeddedText } = await import('./embedded.ts')
  for (let waited = 0; ; waited += 100) {
    try {
      return await connectOwner(folder)
    } catch {
      // None serves it: nobody has it, or its owner is starting or ending.
    }
    try {
      return await openEmbeddedText(folder)
    } catch (thrown) {
      const held = thrown instanceof DatabaseError && thrown.kind === 'conflict'
      if (!held || waited >= OWNER_STARTING_MS) throw thrown
      await sleep(100)
    }
  }
}
