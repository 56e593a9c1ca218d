import type { ChildProcess } from 'node:child_process'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Ends a process that the tests started: politely, and by force after ten seconds. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await ended
  clearTimeout(force)
}

/** By itself or by a signal. */
export function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

/** Tries `probe` until it succeeds. Throws its last error after a minute, or as soon as the child has ended. */
export async function waitUntil(
  probe: () => Promise<unknown>,
  child: ChildProcess,
  name: string,
): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await probe()
      return
    } catch (error) {
      if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`, { cause: error })
      if (attempt === 600) throw new Error(`${name} does not answer`, { cause: error })
    }
    await sleep(100)
  }
}

/** Resolves when something accepts connections on a loopback port. */
export function reachable(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      // Not an orderly end, which a TLS server may take for a slow client's first half.
      socket.resetAndDestroy()
      resolve()
    })
    socket.once('error', reject)
  })
}
