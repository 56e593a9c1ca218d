/** Exit codes of every command; docs/cli.md and --help name them. */
export const EXIT = {
  ok: 0,
  /** The answer is no: faults found, request refused, file not what it should be, member not found. */
  refused: 1,
  /** Wrong arguments. */
  usage: 2,
  /** The configuration cannot be used. */
  configuration: 3,
  /** The database is away, locked, or its schema does not fit. */
  database: 4,
  /** This Node.js is too old. */
  node: 5,
  /** No daemon answers. */
  noDaemon: 6,
  /** A fault of vouchd itself. */
  internal: 70,
  /** Ended by a second signal, with work under way: as the shell has it for SIGTERM. */
  forced: 143,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
