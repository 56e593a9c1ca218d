import { isoTime } from '../formatTime.ts'
import type { Issuance } from './searchAudit.ts'

export type ExportFormat = 'json' | 'csv'

/** One AC as a line of JSON; times are in ISO 8601. */
export function jsonLine(issuance: Issuance): string {
  const { time, notBefore, notAfter, ...rest } = issuance
  const line = {
    time: isoTime(time),
    ...rest,
    notBefore: isoTime(notBefore),
    notAfter: isoTime(notAfter),
  }
  return `${JSON.stringify(line)}\n`
}

const COLUMNS = [
  'time',
  'outcome',
  'vo',
  'serial',
  'holder',
  'holderSerial',
  'issuer',
  'fqans',
  'notBefore',
  'notAfter',
  'id',
  'protocol',
  'address',
  'code',
  'tbs',
  'ac',
  'log',
  'n',
] as const

/** The names of the columns of csvLine(). */
export const csvHeader = `${COLUMNS.join(',')}\r\n`

/** One AC as a line of CSV (RFC 4180); FQANs are joined by spaces, which none contains. */
export function csvLine(issuance: Issuance): string {
  const cells = COLUMNS.map(column => {
    const value = issuance[column]
    if (column === 'time' || column === 'notBefore' || column === 'notAfter') return isoTime(value as number)
    return Array.isArray(value) ? value.join(' ') : `${value ?? ''}`
  })
  return `${cells.map(quote).join(',')}\r\n`
}

/** A cell that a spreadsheet would take for a formula gets an apostrophe: names come from certificates. */
function quote(cell: string): string {
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
