import type { ExitCode } from './exitCodes.ts'

/** Ends a command with a message for people on standard error and an exit code. */
export class CliError extends Error {
  readonly exitCode: ExitCode
  constructor(exitCode: ExitCode, message: string) {
    super(message)
    this.name = 'CliError'
    this.exitCode = exitCode
  }
}
