import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { besideModule } from '../besideModule.ts'
import { SetupError } from '../check/SetupError.ts'
import type { Snapshot } from '../observe/snapshot.ts'
import type { Readiness } from '../serving/readiness.ts'
import type { Doors } from './doors.ts'
import { childEnvironment } from './inheritedSockets.ts'
import type { DoorAsked, Failure, FromWorker, ToWorker } from './messages.ts'
import { type Serving, WorkerGone } from './serving.ts'

export interface WorkerEvents {
  /** It has ended, by its own will or not. */
  ended(how: string): void
  /** It lives; called about once a second. */
  beat(): void
  /** Its last figures, just before it ends by its own will. */
  counted(snapshot: Snapshot): void
}

const ENTRY = besideModule('./workerProcess', import.meta.url)
/**
 * Short-lived objects are collected by the worker's own thread: V8 would start several for it, which cost a tenth of
 * an AC's processor time where as many workers run as there are cores (bench/README.md).
 */
const V8_FLAGS = ['--no-parallel-scavenge']
/**
 * Of each half of the young generation: V8's 16 MB would cost each worker 30 MB more, and spare less than a hundredth of
 * an AC's processor time (bench/README.md).
 */
const YOUNG_MEGABYTES = 8
/**
 * Several times what a worker has use for under any load: one that leaks ends by itself, and the others keep their
 * memory. Who needs more, or less, names V8's flag in NODE_OPTIONS.
 */
const HEAP_MEGABYTES = 512
/** Nothing in Node.js's own options keeps OpenSSL from making tickets that no session is ever resumed with. */
const OPENSSL_CONFIG = fileURLToPath(new URL('./openssl-worker.cnf', import.meta.url))
/** Longer than a worker drains for. What is still open then belongs to nobody who waits. */
const KILL_MS = 10_500

/** Starts a process that serves on the doors' sockets. */
export function forkWorker(index: number, doors: Pick<Doors, 'handle'>, events: WorkerEvents): Serving {
  const child = fork(ENTRY, [String(index)], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: [...V8_FLAGS, ...flagsUnlessChosen(process.env), ...process.execArgv],
    env: childEnvironment(process.env),
  })
  const waiting = new Map<number, { resolve(body: unknown): void; reject(cause: Error): void }>()
  let lastId = 0
  let readiness: readonly Readiness[] = []
  const { promise: gone, resolve: end } = Promise.withResolvers<void>()

  function onMessage(message: FromWorker): void {
    events.beat()
    if (message.kind === 'beat') readiness = message.readiness
    else if (message.kind === 'metrics') events.counted(message.snapshot)
    else if (message.kind === 'door') sendDoor(child, message, doors)
    else {
      const asked = waiting.get(message.id)
      waiting.delete(message.id)
      if (message.kind === 'answer') asked?.resolve(message.body)
      else asked?.reject(toError(message.failure))
    }
  }

  let ended = false
  function onEnd(how: string): void {
    if (ended) return
    ended = true
    const cause = new WorkerGone(`worker ${index} ended (${how})`)
    for (const { reject } of waiting.values()) reject(cause)
    waiting.clear()
    end()
    events.ended(how)
  }

  child.on('message', onMessage)
  child.on('exit', (code, signal) => onEnd(signal ?? `exit code ${code}`))
  child.on('error', cause => {
    // Also of a message that could not be sent any more; the end itself comes as 'exit'.
    if (child.pid === undefined) onEnd(cause.message)
  })

  return {
    pid: child.pid ?? 0,
    ask(name, ...body) {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      if (ended || !child.connected) return Promise.reject(new WorkerGone(`worker ${index} has ended`))
      const id = ++lastId
      waiting.set(id, { resolve, reject })
      send(child, { kind: 'ask', id, name, body: body[0] })
      return promise as never
    },
    readiness: () => readiness,
    async stop() {
      send(child, { kind: 'stop' })
      const kill = setTimeout(() => child.kill('SIGKILL'), KILL_MS)
      await gone
      clearTimeout(kill)
    },
    kill: () => void child.kill('SIGKILL'),
  }
}

/** Flags of the command line count for more than the environment, so that none is given where an operator chose. */
function flagsUnlessChosen({ NODE_OPTIONS = '', OPENSSL_CONF }: NodeJS.ProcessEnv): readonly string[] {
  const young = /--max[-_]semi[-_]space[-_]size/.test(NODE_OPTIONS)
  const heap = /--max[-_]old[-_]space[-_]size/.test(NODE_OPTIONS)
  const openssl = OPENSSL_CONF !== undefined || /--openssl[-_](shared[-_])?config/.test(NODE_OPTIONS)
  return [
    ...(young ? [] : [`--max-semi-space-size=${YOUNG_MEGABYTES}`]),
    ...(heap ? [] : [`--max-old-space-size=${HEAP_MEGABYTES}`]),
    ...(openssl ? [] : [`--openssl-config=${OPENSSL_CONFIG}`]),
  ]
}

function sendDoor(child: ChildProcess, asked: DoorAsked, doors: Pick<Doors, 'handle'>): void {
  const handle = doors.handle(asked.key)
  const message: ToWorker = { kind: 'door', id: asked.id, found: handle !== undefined }
  if (!child.connected) return
  // Any handle can be sent; the types know of those with a class of their own only.
  child.send(message, handle as never, () => {})
}

function send(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message, () => {})
}

function toError(failure: Failure): Error {
  return failure.findings === undefined ? new Error(failure.text) : new SetupError(failure.findings)
}
