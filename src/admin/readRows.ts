import { CsvError, parse } from 'csv-parse/sync'
import { FileProblem, readInputFile } from '../check/readInputFile.ts'
import { AdminError, shown } from './AdminError.ts'
import type { RowCheck } from './checkRows.ts'

/** One row of a file: where it stands, and its fields that are not empty. */
export interface FileRow {
  /** "line 3" of a CSV file, "entry 2" of a JSON one. */
  readonly place: string
  readonly fields: ReadonlyMap<string, string>
}

/** Far more than people enter by file; the whole of it is checked, and written in one transaction. */
const MAX_BYTES = 32 * 1024 * 1024
const MAX_ROWS = 100_000
const MAX_RECORD_CHARACTERS = 65_536

/** Separates the parts of a field that holds several. */
export const LIST_SEPARATOR = ';'

/**
 * The rows of a CSV file (RFC 4180, with a line of column names first) or of a JSON file (an array of objects), by
 * the file's extension. Column names are taken in any usual spelling: givenName, given_name, Given Name. What is
 * wrong with single rows goes to `check`; a file that cannot be read as a whole throws AdminError ADMIN_FILE.
 */
export function readRows(file: string, columns: readonly string[], check: RowCheck): FileRow[] {
  const text = readText(file)
  const name = file.toLowerCase()
  const known = new Map(columns.map(column => [plain(column), column]))
  if (name.endsWith('.csv')) return readCsv(file, text, known, check)
  if (name.endsWith('.json')) return readJson(file, text, known, check)
  throw refuse(file, 'is neither .csv nor .json', 'name it so')
}

function readText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readInputFile(file, MAX_BYTES))
  } catch (cause) {
    if (cause instanceof FileProblem) throw refuse(file, cause.message, cause.advice)
    throw refuse(file, 'is not UTF-8', 'save it as UTF-8')
  }
}

/** given_name, Given Name and givenName alike. */
function plain(column: string): string {
  return column.replace(/[ _-]/g, '').toLowerCase()
}

type Columns = ReadonlyMap<string, string>

function readCsv(file: string, text: string, known: Columns, check: RowCheck): FileRow[] {
  const [header, ...records] = parseCsv(file, text)
  if (header === undefined) throw refuse(file, 'is empty', 'write the names of the columns first')
  if (records.length > MAX_ROWS) throw tooMany(file)
  const names = header.record.map(column => knownColumn(file, column, known))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw refuse(file, `has the column ${twice} twice`, 'leave one out')
  const rows: FileRow[] = []
  for (const { line, record } of records) {
    const place = `line ${line}`
    check.row({ place }, () => {
      if (record.length !== names.length) {
        const what = `${record.length} fields where the first line names ${names.length}`
        throw new AdminError(
          'ADMIN_VALUE',
          what,
          'write one field for each column; quote one that holds a comma',
        )
      }
      const fields = record.map((value, index) => [names[index]!, value] as const)
      rows.push({ place, fields: new Map(fields.filter(([, value]) => value !== '')) })
    })
  }
  return rows
}

interface CsvRecord {
  readonly line: number
  readonly record: readonly string[]
}

function parseCsv(file: string, text: string): CsvRecord[] {
  try {
    // The library counts a line end of two characters within quotes as two lines.
    const parsed = parse(text.replaceAll('\r\n', '\n'), {
      info: true,
      skip_empty_lines: true,
      relax_column_count: true,
      record_delimiter: '\n',
      max_record_size: MAX_RECORD_CHARACTERS,
      to: MAX_ROWS + 2,
    }) as unknown as { info: { lines: number; empty_lines: number }; record: string[] }[]
    // A quoted field may hold line ends: a record begins where the one before ended.
    let end = 0
    let empty = 0
    return parsed.map(({ info, record }) => {
      const line = end + 1 + info.empty_lines - empty
      end = info.lines
      empty = info.empty_lines
      return { line, record }
    })
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause
    const where = typeof cause['lines'] === 'number' ? `line ${cause['lines']}: ` : ''
    throw refuse(
      file,
      `is no CSV: ${where}${csvFault(cause)}`,
      'see RFC 4180: quote a field that holds a quote',
    )
  }
}

function csvFault({ code, message }: CsvError): string {
  switch (code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'a quoted field has no end'
    case 'INVALID_OPENING_QUOTE':
    case 'CSV_INVALID_CLOSING_QUOTE':
      return 'a quote stands within a field'
    case 'CSV_MAX_RECORD_SIZE':
      return `a row has more than ${MAX_RECORD_CHARACTERS} characters`
    default:
      return shown(message)
  }
}

function readJson(file: string, text: string, known: Columns, check: RowCheck): FileRow[] {
  const entries = parseJson(file, text)
  if (entries.length > MAX_ROWS) throw tooMany(file)
  const rows: FileRow[] = []
  for (const [index, entry] of entries.entries()) {
    const place = `entry ${index + 1}`
    check.row({ place }, () => {
      if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
        throw new AdminError('ADMIN_VALUE', 'not an object', 'write {"subject": ..., ...}')
      }
      const read = Object.entries(entry).map(([name, value]) =>
        check.read({ place }, () => [knownColumn(file, name, known), toText(name, value)] as const),
      )
      if (read.includes(undefined)) return
      const fields = read.filter(field => field !== undefined)
      rows.push({ place, fields: new Map(fields.filter(([, text]) => text !== '')) })
    })
  }
  return rows
}

function parseJson(file: string, text: string): unknown[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw refuse(file, `is no JSON: ${shown((cause as Error).message)}`, 'correct it')
  }
  if (!Array.isArray(value)) throw refuse(file, 'holds no JSON array', 'write [{...}, {...}]')
  return value
}

function toText(name: string, value: unknown): string {
  if (value === null) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  if (Array.isArray(value) && value.every(one => typeof one === 'string' && !one.includes(LIST_SEPARATOR))) {
    return value.join(LIST_SEPARATOR)
  }
  throw new AdminError('ADMIN_VALUE', `${shown(name)} is no text`, 'write it in quotes')
}

function knownColumn(file: string, column: string, known: Columns): string {
  const name = known.get(plain(column))
  if (name !== undefined) return name
  throw refuse(
    file,
    `has an unknown column "${shown(column)}"`,
    `there are: ${[...known.values()].join(', ')}`,
  )
}

function tooMany(file: string): AdminError {
  return refuse(file, `holds more than ${MAX_ROWS} rows`, 'split it')
}

function refuse(file: string, what: string, advice: string): AdminError {
  return new AdminError('ADMIN_FILE', `${shown(file)} ${what}`, advice)
}
