import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { outputOf } from './outputOf.ts'
import type { Result } from './printResult.ts'

/** The longest takes less than half of it on two quiet cores. */
const MOST_MS = 3_600_000

/** Runs a benchmark of this folder as a process of its own, and gives its JSON. Throws when it fails, or does not end. */
export async function runBenchmark(script: string, args: readonly string[]): Promise<Result> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const child = spawn(process.execPath, [path, ...args, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] })
  return JSON.parse(await outputOf(child, script, MOST_MS)) as Result
}
