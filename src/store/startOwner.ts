import { type ChildProcess, fork } from 'node:child_process'
import { besideModule } from '../besideModule.ts'
import { DatabaseError, type DatabaseErrorKind } from './DatabaseError.ts'

/** What the owner process tells its parent, once. */
export type OwnerMessage =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'failed'
      readonly error: DatabaseErrorKind
      readonly message: string
      readonly advice: string | undefined
    }

export interface Owner {
  readonly pid: number | undefined
  /** Ends the process: the database is closed cleanly, or killed after a while. */
  close(): Promise<void>
}

const ENTRY = besideModule('./embeddedOwnerProcess', import.meta.url)
const CLOSE_MS = 10_000
const RESTART_MS = 200
const RESTART_MAX_MS = 5_000

/**
 * Starts the process that owns the embedded database and keeps one running until `close`. Resolves when it
 * serves; throws DatabaseError 'conflict' when another process has the folder.
 */
export async function startOwner(folder: string, onLost: (error: DatabaseError) => void): Promise<Owner> {
  let closing = false
  let restart: NodeJS.Timeout | undefined
  let delay = RESTART_MS
  let child = await spawnOwner(folder)
  watch()

  function watch() {
    child.once('exit', (code, signal) => {
      if (closing) return
      onLost(new DatabaseError('unavailable', `the embedded database's process ended (${signal ?? code})`))
      again()
    })
  }

  function again() {
    restart = setTimeout(async () => {
      try {
        child = await spawnOwner(folder)
        delay = RESTART_MS
        if (closing) await end(child)
        else watch()
      } catch (thrown) {
        onLost(thrown as DatabaseError)
        if (!closing) again()
      }
    }, delay)
    delay = Math.min(delay * 2, RESTART_MAX_MS)
  }

  return {
    get pid() {
      return child.pid
    },
    async close() {
      closing = true
      clearTimeout(restart)
      await end(child)
    },
  }
}

/** Forks it and waits for its one message. */
function spawnOwner(folder: string): Promise<ChildProcess> {
  const child = fork(ENTRY, [folder], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] })
  const { promise, resolve, reject } = Promise.withResolvers<ChildProcess>()
  const early = (how: string) => reject(new DatabaseError('unavailable', `the embedded database ${how}`))
  child.once('error', cause => early(`cannot be started: ${cause.message}`))
  child.once('exit', () => early('ended while it started'))
  child.once('message', (message: OwnerMessage) => {
    if (message.kind === 'ready') resolve(child)
    else reject(new DatabaseError(message.error, message.message, { advice: message.advice }))
  })
  return promise
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  if (child.connected) child.send('close')
  const kill = setTimeout(() => child.kill('SIGKILL'), CLOSE_MS)
  await exited
  clearTimeout(kill)
}
