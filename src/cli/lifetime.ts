import { CliError } from './CliError.ts'
import { EXIT } from './exitCodes.ts'

/** Seconds of `HOURS:MINUTES` or `HOURS`, as grid tools take lifetimes. Throws CliError for anything else, and for 0. */
export function parseHoursMinutes(option: string, text: string): number {
  const [, hours, minutes = '0'] = /^(\d{1,5})(?::([0-5]?\d))?$/.exec(text) ?? []
  const seconds = hours === undefined ? 0 : Number(hours) * 3600 + Number(minutes) * 60
  if (seconds > 0) return seconds
  throw new CliError(EXIT.usage, `${option}: ${text} is no lifetime; write hours and minutes like 12:00`)
}

/** A whole number from `least` to `most`. Throws CliError for anything else. */
export function parseCount(option: string, text: string, least: number, most: number): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (count >= least && count <= most) return count
  throw new CliError(EXIT.usage, `${option}: ${text} is no whole number from ${least} to ${most}`)
}
