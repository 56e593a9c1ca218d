import { type ChildProcess, fork } from 'node:child_process'
import { besideModule } from '../besideModule.ts'
import { DatabaseError, type DatabaseErrorKind } from './DatabaseError.ts'

/** What the owner process tells its parent: once how its start went, and each second that it lives. */
export type OwnerMessage =
  | { readonly kind: 'beat' }
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
const TICK_MS = 1_000
/**
 * A statement holds the owner's loop for as long as it takes: what is silent for longer is no statement of ours, and
 * members in caches are served meanwhile.
 */
const MAX_SILENT_TICKS = 60
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
  let hung = false
  const spawn = () =>
    spawnOwner(folder, () => {
      hung = true
    })
  let child = await spawn()
  watch()

  function watch() {
    child.once('exit', (code, signal) => {
      if (closing) return
      const how = hung ? `hung for ${MAX_SILENT_TICKS} s and was killed` : `ended (${signal ?? code})`
      hung = false
      onLost(new DatabaseError('unavailable', `the embedded database's process ${how}`))
      again()
    })
  }

  function again() {
    restart = setTimeout(async () => {
      try {
        child = await spawn()
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
function spawnOwner(folder: string, onHang: () => void): Promise<ChildProcess> {
  const child = fork(ENTRY, [folder], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] })
  const { promise, resolve, reject } = Promise.withResolvers<ChildProcess>()
  const early = (how: string) => reject(new DatabaseError('unavailable', `the embedded database ${how}`))
  child.once('error', cause => early(`cannot be started: ${cause.message}`))
  child.once('exit', () => early('ended while it started'))
  child.on('message', (message: OwnerMessage) => {
    if (message.kind === 'ready') resolve(child)
    else if (message.kind === 'failed') {
      reject(new DatabaseError(message.error, message.message, { advice: message.advice }))
    }
  })
  endWhenSilent(child, onHang)
  return promise
}

/** Kills a process that says nothing for too long. Counted in ticks, not by a clock: the machine may have slept. */
function endWhenSilent(child: ChildProcess, onHang: () => void): void {
  let silent = 0
  const tick = setInterval(() => {
    if (++silent <= MAX_SILENT_TICKS) return
    silent = 0
    onHang()
    child.kill('SIGKILL')
  }, TICK_MS)
  tick.unref()
  child.on('message', () => {
    silent = 0
  })
  child.once('exit', () => clearInterval(tick))
  child.once('error', () => clearInterval(tick))
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  if (child.connected) child.send('close')
  const kill = setTimeout(() => child.kill('SIGKILL'), CLOSE_MS)
  await exited
  clearTimeout(kill)
}
