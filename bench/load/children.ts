import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { PemPaths } from './benchWorld.ts'
import type { LoadParameters, LoadResult } from './client.ts'

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** A server under load. */
export interface BenchServer {
  readonly pid: number
  readonly port: number
  stop(): Promise<void>
}

export async function startBare(credentials: readonly PemPaths[], answerBytes: number): Promise<BenchServer> {
  const child = spawn(
    process.execPath,
    [script('./bareServer.ts'), JSON.stringify({ credentials, answerBytes })],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { pid: child.pid!, port: Number(line.toString()), stop: () => stop(child) }
}

/**
 * `vouchd serve`, as an operator starts it, its log going nowhere but written.
 * @param nodeOptions for it and its workers, before the script
 */
export async function startVouchd(
  config: string,
  port: number,
  nodeOptions: readonly string[] = [],
): Promise<BenchServer> {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
  const child = spawn(process.execPath, [...nodeOptions, main, '--config', config, 'serve'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  for (let waited = 0; !(await reachable(port)); waited += 50) {
    if (child.exitCode !== null || waited > 30_000) throw new Error('vouchd does not start')
    await sleep(50)
  }
  return { pid: child.pid!, port, stop: () => stop(child) }
}

export async function load(parameters: LoadParameters): Promise<LoadResult> {
  const child = spawn(process.execPath, [script('./client.ts'), JSON.stringify(parameters)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', chunk => {
    text += chunk
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`the load failed (status ${code})`)
  return JSON.parse(text) as LoadResult
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
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
  await once(child, 'close')
}
