import { spawnSync } from 'node:child_process'

/** Runs a program to its end and gives its output; what it says to standard error is shown. Throws when it fails. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): string {
  const { status, stdout, error } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: options.cwd ?? process.cwd(),
    env: { ...process.env, ...options.env },
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed (${status})\n${stdout}`)
  return stdout
}

interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}
