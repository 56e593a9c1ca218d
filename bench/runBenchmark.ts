import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Result } from './printResult.ts'

/** Runs a benchmark of this folder as a process of its own, and gives its JSON. Throws when it fails. */
export async function runBenchmark(script: string, args: readonly string[]): Promise<Result> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const child = spawn(process.execPath, [path, ...args, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', chunk => {
    text += chunk
  })
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  if (code !== 0) throw new Error(`${script} failed: ${signal ?? `status ${code}`}`)
  return JSON.parse(text) as Result
}
