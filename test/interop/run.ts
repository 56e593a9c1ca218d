import { spawn } from 'node:child_process'

/** What a finished program left: its exit code (128 + signal when killed) and everything it printed. */
export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly milliseconds: number
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly input?: string
  /** Killed after this long, so that a hanging program fails its own case only. */
  readonly timeoutSeconds?: number
}

/** Runs a program to its end and never throws for its exit code. Throws when it cannot be started. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.env ? { env: options.env } : {}),
      ...(options.cwd ? { cwd: options.cwd } : {}),
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), (options.timeoutSeconds ?? 60) * 1000)
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.on('error', error => {
      clearTimeout(timer)
      reject(error)
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({
        code: code ?? (signal === 'SIGKILL' ? 137 : 128),
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
        milliseconds: Math.round(performance.now() - started),
      })
    })
    // A program that does not read its input must not break the test by EPIPE.
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
  })
}

/** Runs a program that has to succeed, and returns its standard output. Throws with all it printed otherwise. */
export async function runOk(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const finished = await run(program, args, options)
  if (finished.code === 0) return finished.stdout
  throw new Error(
    `${program} ${args.join(' ')}: exit ${finished.code}\n${finished.stdout}${finished.stderr}`.slice(
      0,
      4000,
    ),
  )
}
