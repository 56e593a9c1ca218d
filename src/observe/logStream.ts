import { printable } from '../cli/printable.ts'
import { formatTime } from '../formatTime.ts'
import type { LogCells, LogLevel } from './metrics.ts'
import { plainLine } from './plainLine.ts'

/**
 * json: one object a line. journal: the same, each line with its priority in front, as sd-daemon(3) has it, which
 * the journal takes off. terminal: for people.
 */
export type LogForm = 'json' | 'journal' | 'terminal'

/** What pino writes to, and tells the level of each line. */
export interface LogStream {
  lastLevel: number
  write(line: string): void
}

/** A stream for pino that counts lines by level and gives each the form that its reader wants. */
export function createLogStream(
  form: LogForm,
  output: { write(line: string): unknown },
  cells: LogCells,
): LogStream {
  const stream = {
    [PINO_METADATA]: true,
    lastLevel: 30,
    write(line: string) {
      const level = levelOf(stream.lastLevel)
      cells[level].inc()
      output.write(FORMS[form](line, level))
    },
  }
  return stream
}

const PINO_METADATA = Symbol.for('pino.metadata')

function levelOf(pinoLevel: number): LogLevel {
  if (pinoLevel >= 50) return 'error'
  if (pinoLevel >= 40) return 'warn'
  return pinoLevel >= 30 ? 'info' : 'debug'
}

const FORMS: Record<LogForm, (line: string, level: LogLevel) => string> = {
  json: plainLine,
  journal: (line, level) => `${PRIORITIES[level]}${plainLine(line)}`,
  terminal: formatForTerminal,
}

/** Of syslog(3). */
const PRIORITIES: Record<LogLevel, string> = { error: '<3>', warn: '<4>', info: '<6>', debug: '<7>' }
const COLOURS: Record<LogLevel, string> = { error: '\x1b[31m', warn: '\x1b[33m', info: '\x1b[32m', debug: '' }
const DIM = '\x1b[2m'
const PLAIN = '\x1b[0m'
/** What every line has, and a terminal shows in another way or not at all. */
const LEFT_OUT = new Set(['level', 'time', 'pid', 'hostname', 'msg'])

/** Time, level and message, then the fields. Nothing in them can steer the terminal. */
export function formatForTerminal(line: string, level: LogLevel): string {
  const { time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>
  const clock = formatTime(Number(time) / 1000).slice(11, 19)
  const shown = Object.entries(fields)
    .filter(([name]) => !LEFT_OUT.has(name))
    .map(([name, value]) => `${DIM}${printable(name)}=${PLAIN}${showValue(value)}`)
  const label = `${COLOURS[level]}${level.toUpperCase().padEnd(5)}${PLAIN}`
  return `${DIM}${clock}${PLAIN} ${label} ${printable(String(msg ?? ''))}${shown.map(field => ` ${field}`).join('')}\n`
}

function showValue(value: unknown): string {
  if (isLoggedError(value)) return printable(value.stack).replaceAll('\\x0A', '\n')
  const text = typeof value === 'string' && !/[\s"=]/.test(value) ? value : JSON.stringify(value)
  return printable(text ?? '')
}

/** As pino writes an error. */
function isLoggedError(value: unknown): value is { stack: string } {
  return typeof value === 'object' && value !== null && 'stack' in value && typeof value.stack === 'string'
}
