import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { endTree } from '../endTree.ts'
import { outputOf } from '../outputOf.ts'
import type { AnswerOctets } from './bareServer.ts'
import { observeSocket, type PemPaths } from './benchWorld.ts'
import type { LoadParameters } from './client.ts'
import { mostMsFor } from './mostMsFor.ts'
import type { OpenLoadParameters, OpenLoadResult } from './openLoad.ts'
import type { LoadResult } from './runLanes.ts'

/** Far more than it needs; a busy machine may take long. */
const STARTING_MS = 60_000

/** Its start, its own warm-up, and its last requests. */
const LOAD_STARTING_MS = 300_000
/** A server that is told to end, and an answer over a socket of this machine. */
const STOPPING_MS = 60_000
const OBSERVE_MS = 30_000

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const SOURCES = script('../../src/main.ts')

/** A server under load. */
export interface BenchServer {
  readonly pid: number
  readonly port: number
  stop(): Promise<void>
}

export async function startBare(
  credentials: readonly PemPaths[],
  answerOctets: AnswerOctets,
): Promise<BenchServer> {
  const child = spawn(
    process.execPath,
    [script('./bareServer.ts'), JSON.stringify({ credentials, answerOctets })],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const over = new AbortController()
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(STARTING_MS)])
  try {
    const line = once(createInterface(child.stdout), 'line', { signal })
    const [port] = await Promise.race([line, once(child, 'close', { signal }).then(() => [])])
    if (!/^\d+$/.test(port ?? '')) throw new Error('it says no port')
    return { pid: child.pid!, port: Number(port), stop: () => stop(child) }
  } catch (cause) {
    await stop(child)
    throw new Error('the bare server does not start', { cause })
  } finally {
    over.abort()
  }
}

export interface StartOptions {
  /** For it and its workers, before the script. */
  readonly nodeOptions?: readonly string[]
  /** The script; the checkout's sources without it. */
  readonly main?: string
  /** Where the log goes; without it nowhere, but written. */
  readonly logFile?: string
  /** The one core that it may use. */
  readonly core?: number
  /** Most file descriptors of each of its processes. */
  readonly fds?: number
}

/** `vouchd serve`, as an operator starts it. */
export async function startVouchd(
  config: string,
  port: number,
  { nodeOptions = [], main = SOURCES, logFile, core, fds }: StartOptions = {},
): Promise<BenchServer> {
  const log = logFile === undefined ? undefined : openSync(logFile, 'a')
  const [program, args] = limited(fds, ...onCore(core, [...nodeOptions, main, '--config', config, 'serve']))
  const child = spawn(program, args, {
    stdio: ['ignore', log ?? 'ignore', 'inherit'],
  })
  if (log !== undefined) closeSync(log)
  const until = performance.now() + STARTING_MS
  while (!(await isReady(config, port))) {
    if (child.exitCode !== null || performance.now() > until) {
      await stop(child)
      throw new Error('vouchd does not start')
    }
    await sleep(50)
  }
  return { pid: child.pid!, port, stop: () => stop(child) }
}

/**
 * @param core the one core that it may use
 */
export async function load(parameters: LoadParameters, core?: number): Promise<LoadResult> {
  const mostMs = mostMsFor(parameters.count, LOAD_STARTING_MS)
  return (await resultOf('./client.ts', parameters, mostMs, core)) as LoadResult
}

/**
 * @param core the one core that it may use
 * @param onWarm when the load has warmed up, and before its first arrival, which waits for it
 */
export async function openLoad(
  parameters: OpenLoadParameters,
  core?: number,
  onWarm?: () => void,
): Promise<OpenLoadResult> {
  const seconds = parameters.seconds + (parameters.afterwards?.seconds ?? 0)
  const mostMs = LOAD_STARTING_MS + seconds * 1000 * 2
  return (await resultOf('./openLoad.ts', parameters, mostMs, core, onWarm)) as OpenLoadResult
}

async function resultOf(
  name: string,
  parameters: object,
  mostMs: number,
  core?: number,
  onWarm?: () => void,
): Promise<unknown> {
  const [program, args] = onCore(core, [script(name), JSON.stringify(parameters)])
  const channel = onWarm === undefined ? [] : ['ipc' as const]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit', ...channel] })
  child.once('message', () => {
    onWarm?.()
    child.send('begin')
  })
  return JSON.parse(await outputOf(child, 'the load', mostMs))
}

/** Node.js with these arguments, on one core where it is given. */
function onCore(core: number | undefined, args: readonly string[]): [string, string[]] {
  return core === undefined
    ? [process.execPath, [...args]]
    : ['taskset', ['-c', String(core), process.execPath, ...args]]
}

function limited(fds: number | undefined, program: string, args: string[]): [string, string[]] {
  return fds === undefined ? [program, args] : ['prlimit', [`--nofile=${fds}`, program, ...args]]
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Ready by its own account, where its configuration lets it be asked; else its port is open. */
async function isReady(config: string, port: number): Promise<boolean> {
  const socketPath = observeSocket(config)
  if (!readFileSync(config, 'utf8').includes(socketPath)) return reachable(port)
  return (await askObserve(socketPath, '/readyz').catch(() => undefined))?.status === 200
}

/** Asks the daemon's own account of itself: metrics, status, readiness. */
export function askObserve(socketPath: string, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path, signal: AbortSignal.timeout(OBSERVE_MS) }, response => {
      let body = ''
      response.setEncoding('utf8').on('data', text => {
        body += text
      })
      response.on('error', reject).on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    }).on('error', reject)
  })
}

async function reachable(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  const deadline = setTimeout(() => void endTree(child.pid!), STOPPING_MS)
  await once(child, 'close')
  clearTimeout(deadline)
}
