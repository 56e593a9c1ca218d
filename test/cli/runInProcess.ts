import type { CliIo } from '../../src/cli/context.ts'
import { runCli } from '../../src/cli/runCli.ts'

export interface CliRun {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A moment inside the validity of everything that these tests make. */
export const NOW = Date.UTC(2026, 5, 1, 12) / 1000

/** Runs a command line in this process, at NOW. */
export function runInProcess(...args: string[]): Promise<CliRun> {
  return runWith({}, ...args)
}

/** The same for a user, a terminal or a clock of the test's own. */
export async function runWith(change: Partial<CliIo>, ...args: string[]): Promise<CliRun> {
  const out: string[] = []
  const err: string[] = []
  const io: CliIo = {
    out: text => out.push(text),
    err: text => err.push(text),
    clock: { now: () => NOW },
    stopped: () => new Promise(() => {}),
    onHangup: () => {},
    operator: 'tester',
    confirm: () => Promise.resolve(undefined),
    user: { env: {}, home: '/nonexistent', uid: 4711 },
    askSecret: () => Promise.reject(new Error('no terminal in tests')),
    readLine: () => Promise.resolve(''),
    ...change,
  }
  const code = await runCli(args, io)
  return { code, out: out.join(''), err: err.join('') }
}
