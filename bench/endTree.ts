import { setTimeout as sleep } from 'node:timers/promises'
import { descendantsOf } from './load/processorTime.ts'

/** Time to end in order, for a daemon with its database. */
const GRACE_MS = 20_000

/** Ends a process and all that it started: in order first, then at once what is still there. */
export async function endTree(pid: number): Promise<void> {
  const all = [pid, ...descendantsOf(pid)]
  const signal = (name: NodeJS.Signals | 0) =>
    all.filter(each => {
      try {
        return process.kill(each, name)
      } catch {
        return false
      }
    })
  signal('SIGTERM')
  for (const until = performance.now() + GRACE_MS; performance.now() < until; await sleep(100)) {
    if (signal(0).length === 0) return
  }
  signal('SIGKILL')
}
