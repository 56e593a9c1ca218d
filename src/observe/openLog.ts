import { fstatSync } from 'node:fs'
import { isatty } from 'node:tty'
import { type LogOutput, openLogOutput } from './logOutput.ts'
import { createLogStream, type LogForm, type LogStream } from './logStream.ts'
import type { LogCells } from './metrics.ts'

export interface OpenLog {
  /** For pino. */
  readonly stream: LogStream
  readonly output: LogOutput
}

/** The log of this process on a file descriptor, in the form that its reader wants. */
export function openLog(fd: number, env: NodeJS.ProcessEnv, cells: LogCells): OpenLog {
  const output = openLogOutput(fd, () => cells.dropped.inc())
  return { stream: createLogStream(formOf(fd, env), output, cells), output }
}

/** JOURNAL_STREAM names the journal's end as device:inode (systemd.exec(5)); it may have been redirected since. */
function formOf(fd: number, { JOURNAL_STREAM }: NodeJS.ProcessEnv): LogForm {
  if (isatty(fd)) return 'terminal'
  const { dev, ino } = fstatSync(fd)
  return JOURNAL_STREAM === `${dev}:${ino}` ? 'journal' : 'json'
}
