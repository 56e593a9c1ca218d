import type { UserPlace } from '../client/userPaths.ts'
import type { Clock } from '../clock.ts'
import type { LoadedConfig } from '../config/loadConfig.ts'
import type { LogCells } from '../observe/metrics.ts'
import type { OpenLog } from '../observe/openLog.ts'
import type { ExitCode } from './exitCodes.ts'

/** The process as commands see it; tests hand in another. Data goes to `out`, messages to `err`. */
export interface CliIo {
  out(text: string): void
  err(text: string): void
  /** The log of a daemon, which never waits for its reader; without it the log goes to `out`. */
  openLog?(cells: LogCells): OpenLog
  readonly clock: Clock
  /** Messages go to a terminal, where a line may be written over. */
  readonly terminal?: boolean
  /**
   * Resolves when the process is asked to end (SIGTERM, SIGINT). Until this is called, a signal ends it at once; called
   * again, it resolves when it is asked once more.
   */
  stopped(): Promise<void>
  /** Calls `work` at each SIGHUP: reload what can be reloaded. */
  onHangup(work: () => void): void
  /** Who runs the command, for the record of changes. */
  readonly operator: string
  /** Asks yes or no at the terminal; undefined where there is none. */
  confirm(question: string): Promise<boolean | undefined>
  /** Environment, home folder and number of the user. */
  readonly user: UserPlace
  /** Asks for a secret at the terminal, without echo. Throws ClientError 'passphrase' where there is none. */
  askSecret(prompt: string): Promise<string>
  /** The first line of standard input. */
  readLine(): Promise<string>
}

/** What a command is registered with. */
export interface CliContext {
  readonly io: CliIo
  /** Path of the configuration file, from --config. */
  configFile(): string
  /** What the configuration is read from, for people. */
  configName(): string
  /** The checked configuration, from --config or --voms-conf or both. Throws ConfigError. */
  loadConfig(): LoadedConfig
  /** An advice, with the options in its commands by which they read the same configuration. */
  advise(advice: string): string
  /** Wraps the work of a command: what it resolves to is the exit code. */
  action<A extends unknown[]>(
    work: (...args: A) => Promise<ExitCode> | ExitCode,
  ): (...args: A) => Promise<void>
}
