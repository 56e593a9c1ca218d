import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import type { Server } from 'node:net'
import { pino } from 'pino'
import { findingsOf } from '../check/SetupError.ts'
import { systemClock } from '../clock.ts'
import { createEvents } from '../events.ts'
import type { ListenOn, Place } from '../listen/port.ts'
import { createMetrics } from '../observe/metrics.ts'
import { openLog } from '../observe/openLog.ts'
import { watchProcess } from '../observe/watchProcess.ts'
import { createServer } from '../server.ts'
import { answerAsks } from './answerAsks.ts'
import type { Failure, FromWorker, ToWorker } from './messages.ts'

// Entry of a process that serves: argument 2 is its number. It ends when the supervisor says so or is gone.

const BEAT_MS = 1_000
/** How long the last lines may take on their way out. */
const LAST_LINES_MS = 500

const index = Number(process.argv[2])
const metrics = createMetrics(String(index))
const monotonic = () => performance.now()
const { stream, output } = openLog(1, process.env, metrics.log)
const log = pino({ base: { pid: process.pid, worker: index } }, stream)
const events = createEvents(log, { metrics, monotonic })
watchProcess(metrics, { clock: systemClock, monotonic })

const doors = new Map<number, PromiseWithResolvers<unknown>>()
let lastDoor = 0

/** Listens on a socket that the supervisor holds. */
const listenOnDoor = async (server: Server, { key, backlog }: Place) => {
  const asked = Promise.withResolvers<unknown>()
  const id = ++lastDoor
  doors.set(id, asked)
  tell({ kind: 'door', id, key })
  await once(server.listen(await asked.promise, backlog), 'listening')
}

const server = createServer({
  clock: systemClock,
  monotonic,
  events,
  processNumber: randomInt(2 ** 32),
  worker: index,
  // The supervisor sends the same socket as often as it is asked.
  listenOn: Object.assign(listenOnDoor, { repeatable: true }) satisfies ListenOn,
  storeMode: 'worker',
  setLogLevel(level) {
    log.level = level
  },
})
const answers = answerAsks(server, systemClock)

async function onMessage(message: ToWorker, handle: unknown): Promise<void> {
  if (message.kind === 'stop') return stop()
  if (message.kind === 'door') {
    const asked = doors.get(message.id)
    doors.delete(message.id)
    if (message.found) asked?.resolve(handle)
    else asked?.reject(new Error('the supervisor has no socket open there'))
    return
  }
  try {
    const body = await answers[message.name](message.body as never)
    // With the answer it is known what the process is like now.
    beat()
    tell({ kind: 'answer', id: message.id, body })
  } catch (thrown) {
    tell({ kind: 'failed', id: message.id, failure: toFailure(thrown) })
  }
}

function toFailure(thrown: unknown): Failure {
  const findings = findingsOf(thrown)
  if (findings !== undefined) return { findings }
  return { findings, text: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) }
}

function tell(message: FromWorker): void {
  // Without the supervisor nobody hears; 'disconnect' has begun the end then.
  if (process.connected) process.send?.(message, undefined, {}, () => {})
}

let lastState = ''
function beat(): void {
  lastState = state()
  tell({ kind: 'beat', readiness: server.readiness() })
}
function state(): string {
  return JSON.stringify(server.readiness().map(({ ready }) => ready))
}
setInterval(beat, BEAT_MS)
// What changes is told sooner than the next beat: the service manager waits for it at the start.
setInterval(() => {
  if (state() !== lastState) beat()
}, BEAT_MS / 20)

let stopping = false
async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  // What could not be closed ends with the process; its lines and counts are told all the same.
  await server.close().catch(cause => log.error({ err: cause }, 'a part does not close'))
  events.flush()
  // Nothing that was counted is lost: an update ends every process in turn.
  const last: FromWorker = { kind: 'metrics', snapshot: metrics.snapshot() }
  if (process.connected) await new Promise(resolve => process.send?.(last, undefined, {}, resolve))
  await output.drained(LAST_LINES_MS)
  process.exit(0)
}

process.on('message', (message: ToWorker, handle) => void onMessage(message, handle))
process.on('disconnect', stop)
process.on('SIGTERM', stop)
// The terminal signals every process of a service at once: the supervisor decides.
process.on('SIGINT', () => {})
process.on('SIGHUP', () => {})
