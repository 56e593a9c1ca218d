import { ImportError } from './ImportError.ts'
import type { SourceRow, SourceValue } from './RowSource.ts'

/** Typed reads of one row of a source, which remember what was read. They throw ImportError IMPORT_VALUE. */
export class RowReader {
  readonly #row: SourceRow
  readonly #mark: string
  readonly #seen = new Set<string>()

  /** `mark`: the key under which rest() keeps what is left. */
  constructor(row: SourceRow, mark: string) {
    this.#row = row
    this.#mark = mark
  }

  /** The value as text; null where it is NULL or the table has no such column. */
  text(column: string): string | null {
    this.#seen.add(column)
    const value = this.#valueOf(column)
    if (value === null) return null
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
    // PostgreSQL's text has no NUL.
    return String(value).replaceAll('\0', '\ufffd')
  }

  /** Counts the columns as read, so that rest() leaves them out. */
  drop(...columns: readonly string[]): void {
    for (const column of columns) this.#seen.add(column)
  }

  /** Counts the columns as not read, so that rest() has them as they are. */
  keep(...columns: readonly string[]): this {
    for (const column of columns) this.#seen.delete(column)
    return this
  }

  required(column: string): string {
    const text = this.text(column)
    if (text === null) throw this.#error(column, 'is missing')
    return text
  }

  id(column: string): string {
    return this.number(column)
  }

  number(column: string): string {
    const text = this.required(column)
    if (!/^-?[0-9]{1,18}$/.test(text)) throw this.#error(column, 'is no whole number')
    return text
  }

  /** A bit; false where it is NULL or the table has no such column. */
  flag(column: string): string {
    const text = this.text(column)
    if (text === null || text === 'false' || text === '0') return 'false'
    if (text === 'true' || text === '1') return 'true'
    throw this.#error(column, 'is no bit')
  }

  /** A date and time, taken as UTC; MySQL's zero date is none. */
  time(column: string): string | null {
    const text = this.text(column)
    if (text === null || text.startsWith('0000-00-00')) return null
    const parts = /^(\d{4})-(\d\d)-(\d\d) ([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?$/.exec(text)
    if (parts === null || !isDay(Number(parts[1]), Number(parts[2]), Number(parts[3]))) {
      throw this.#error(column, 'is no date')
    }
    return `${text}+00`
  }

  json(column: string): string | boolean | null {
    const value = this.#valueOf(column)
    return typeof value === 'boolean' ? value : this.text(column)
  }

  /** What was not read, as JSON, without the columns that say nothing of their own. */
  rest(without: readonly string[] = []): string {
    const left = Object.keys(this.#row.values).filter(
      column => !this.#seen.has(column) && !without.includes(column) && this.#valueOf(column) !== null,
    )
    return JSON.stringify({
      [this.#mark]: Object.fromEntries(left.map(column => [column, this.json(column)])),
    })
  }

  #valueOf(column: string): SourceValue {
    const { values } = this.#row
    return Object.hasOwn(values, column) ? (values[column] ?? null) : null
  }

  #error(column: string, what: string): ImportError {
    const { table, line } = this.#row
    const place = line === undefined ? '' : `line ${line}: `
    return new ImportError('IMPORT_VALUE', `${place}${table.name}.${column} ${what}`)
  }
}

/** Whether the month has that day: MySQL may hold dates that no calendar has. */
function isDay(year: number, month: number, day: number): boolean {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  return year > 0 && days !== undefined && day >= 1 && day <= days
}
