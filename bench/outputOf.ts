import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { endTree } from './endTree.ts'

/**
 * What a process writes until it ends. Throws when its status is another than is awaited, and when it takes longer than that:
 * then it is ended, with all that it started.
 */
export async function outputOf(
  child: ChildProcess,
  what: string,
  mostMs: number,
  status = 0,
): Promise<string> {
  let text = ''
  let ending: Promise<void> | undefined
  child.stdout?.on('data', chunk => {
    text += chunk
  })
  const deadline = setTimeout(() => {
    ending = endTree(child.pid!)
  }, mostMs)
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    if (ending !== undefined) {
      await ending
      throw new Error(`${what} took longer than ${Math.round(mostMs / 1000)} s`)
    }
    if (code !== status) throw new Error(`${what} failed: ${signal ?? `status ${code}`}`)
    return text
  } finally {
    clearTimeout(deadline)
  }
}
