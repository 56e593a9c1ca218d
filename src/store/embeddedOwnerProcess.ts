import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseError, toDatabaseError } from './DatabaseError.ts'
import { openEmbeddedText } from './embedded.ts'
import { serveOwner } from './embeddedOwner.ts'
import { migrate } from './migrate.ts'
import type { OwnerMessage } from './startOwner.ts'
import { toDatabase } from './textDatabase.ts'

// Entry of the process that owns the embedded database: argument 2 is the folder. It ends when its parent
// says so or is gone.

// A parent that was killed leaves an owner that is still closing, and holds the lock for that long.
const LOCK_WAIT_MS = 5_000
const LOCK_RETRY_MS = 100
// A command that imports does its own work between statements; a stopped one must not block the daemon.
const IDLE_TRANSACTION_MS = 30_000
const BEAT_MS = 1_000

// The terminal and systemd signal every process of a service at once; the parent still needs its database
// while it drains, and ends this process afterwards.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('SIGHUP', () => {})

// A parent that is gone hears nothing; its going ends this process.
const tell = (message: OwnerMessage) => process.send?.(message, undefined, {}, () => {})
const beat = setInterval(() => tell({ kind: 'beat' }), BEAT_MS)
beat.unref()

try {
  const folder = process.argv[2] ?? ''
  const db = await openWhenFree(folder)
  await migrate(toDatabase(db))
  const server = await serveOwner(db, folder, {
    idleTransactionMs: IDLE_TRANSACTION_MS,
    onBroken(error) {
      process.stderr.write(`vouchd: the embedded database broke: ${error.message}\n`)
      process.exit(1)
    },
  })
  const { promise: told, resolve: end } = Promise.withResolvers<void>()
  process.on('disconnect', end)
  process.on('message', () => end())
  if (!process.connected) end()
  tell({ kind: 'ready' })
  await told
  await server.close()
  await db.close()
  process.exit(0)
} catch (thrown) {
  const { kind, message, advice, cause } = toDatabaseError(thrown)
  // Of a folder that another process has, the message says all; its cause speaks of the lock's own file.
  const detail = cause instanceof Error && kind !== 'conflict' ? `${message}: ${cause.message}` : message
  const failure: OwnerMessage = { kind: 'failed', error: kind, message: detail, advice }
  process.send?.(failure, () => process.exit(1))
}

async function openWhenFree(folder: string) {
  for (let waited = 0; ; waited += LOCK_RETRY_MS) {
    try {
      return await openEmbeddedText(folder)
    } catch (thrown) {
      const held = thrown instanceof DatabaseError && thrown.kind === 'conflict'
      if (!held || waited >= LOCK_WAIT_MS || !process.connected) throw thrown
      await sleep(LOCK_RETRY_MS)
    }
  }
}
