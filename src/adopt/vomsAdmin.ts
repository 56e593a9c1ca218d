import { keyOfString } from '../../native-free/dn/keyOfString.ts'
import { ImportError } from './ImportError.ts'
import type { DumpRow, DumpValue } from './mysqldump.ts'

// VOMS Admin's schema, versions 2 and 3, as rows of a neutral model. Identifiers are the source's own, as text.
// What a table holds beyond the model goes into `extra`, other tables into `other`, so that nothing is lost.

interface Columns {
  ca: 'id' | 'subject' | 'subject_key' | 'description' | 'created_at'
  usr:
    | 'id'
    | 'given_name'
    | 'surname'
    | 'institution'
    | 'address'
    | 'phone'
    | 'email'
    | 'created_at'
    | 'ends_at'
    | 'suspended'
    | 'suspended_reason'
    | 'suspended_code'
    | 'external_id'
    | 'subject'
    | 'subject_key'
    | 'ca_id'
    | 'extra'
  certificate:
    | 'id'
    | 'usr_id'
    | 'ca_id'
    | 'subject'
    | 'subject_key'
    | 'suspended'
    | 'suspended_reason'
    | 'suspended_code'
    | 'created_at'
    | 'extra'
  vo_group: 'id' | 'path' | 'description' | 'extra'
  role: 'id' | 'name' | 'extra'
  holding: 'id' | 'group_id' | 'role_id' | 'usr_id' | 'extra'
  class: 'id' | 'name' | 'description' | 'unique_values'
  attribute: 'scope' | 'usr_id' | 'group_id' | 'role_id' | 'class_id' | 'value'
  other: 'table_name' | 'row_key' | 'data'
  version: 'version'
}

/** The tables of the neutral model. */
export type ModelTable = keyof Columns

/** One row of the model: values in PostgreSQL's text form. */
export type ModelRow = { [T in ModelTable]: { table: T; row: Record<Columns[T], string | null> } }[ModelTable]

/** The columns of each table, with their PostgreSQL types. */
export const MODEL: { readonly [T in ModelTable]: Readonly<Record<Columns[T], string>> } = {
  ca: { id: 'text', subject: 'text', subject_key: 'text', description: 'text', created_at: 'timestamptz' },
  usr: {
    id: 'text',
    given_name: 'text',
    surname: 'text',
    institution: 'text',
    address: 'text',
    phone: 'text',
    email: 'text',
    created_at: 'timestamptz',
    ends_at: 'timestamptz',
    suspended: 'boolean',
    suspended_reason: 'text',
    suspended_code: 'text',
    external_id: 'text',
    subject: 'text',
    subject_key: 'text',
    ca_id: 'text',
    extra: 'jsonb',
  },
  certificate: {
    id: 'text',
    usr_id: 'text',
    ca_id: 'text',
    subject: 'text',
    subject_key: 'text',
    suspended: 'boolean',
    suspended_reason: 'text',
    suspended_code: 'text',
    created_at: 'timestamptz',
    extra: 'jsonb',
  },
  vo_group: { id: 'text', path: 'text', description: 'text', extra: 'jsonb' },
  role: { id: 'text', name: 'text', extra: 'jsonb' },
  holding: { id: 'text', group_id: 'text', role_id: 'text', usr_id: 'text', extra: 'jsonb' },
  class: { id: 'text', name: 'text', description: 'text', unique_values: 'boolean' },
  attribute: {
    scope: 'text',
    usr_id: 'text',
    group_id: 'text',
    role_id: 'text',
    class_id: 'text',
    value: 'text',
  },
  other: { table_name: 'text', row_key: 'text', data: 'jsonb' },
  version: { version: 'integer' },
}

/** Tables without which nothing can be resolved. */
export const REQUIRED_TABLES = ['version', 'ca', 'usr', 'groups', 'roles', 'm']

/**
 * One row of the dump as a row of the model. Throws ImportError IMPORT_VALUE for a column that is missing or
 * holds what it cannot.
 */
export function toModelRow(dumped: DumpRow): ModelRow {
  const from = new RowReader(dumped)
  switch (dumped.table.name) {
    case 'version':
      return { table: 'version', row: { version: from.number('version') } }
    case 'ca':
      return { table: 'ca', row: readCa(from) }
    case 'usr':
      return { table: 'usr', row: readUser(from) }
    case 'certificate':
      return { table: 'certificate', row: readCertificate(from) }
    case 'groups': {
      const row = { id: from.id('gid'), path: from.required('dn'), description: from.text('description') }
      return { table: 'vo_group', row: { ...row, extra: from.rest(['parent']) } }
    }
    case 'roles':
      return { table: 'role', row: { id: from.id('rid'), name: from.required('role'), extra: from.rest() } }
    case 'm': {
      const row = { group_id: from.id('gid'), role_id: from.text('rid'), usr_id: from.id('userid') }
      return { table: 'holding', row: { id: from.text('mapping_id'), ...row, extra: from.rest() } }
    }
    case 'attributes': {
      const row = { id: from.id('a_id'), name: from.required('a_name'), description: from.text('a_desc') }
      return { table: 'class', row: { ...row, unique_values: from.flag('a_uniq') } }
    }
    case 'usr_attrs':
      return { table: 'attribute', row: readAttribute('member', from) }
    case 'group_attrs':
      return { table: 'attribute', row: readAttribute('group', from) }
    case 'role_attrs':
      return { table: 'attribute', row: readAttribute('role', from) }
    default:
      return { table: 'other', row: readOther(dumped, from) }
  }
}

function readCa(from: RowReader): Record<Columns['ca'], string | null> {
  // Version 2 has the subject in a column of the table's own name.
  const subject = from.text('subject_string') ?? from.required('ca')
  return {
    id: from.id('cid'),
    subject,
    subject_key: keyOfString(subject),
    description: from.text('description') ?? from.text('cadescr'),
    created_at: from.time('creation_time'),
  }
}

function readUser(from: RowReader): Record<Columns['usr'], string | null> {
  const subject = from.text('dn')
  return {
    id: from.id('userid'),
    given_name: from.text('name'),
    surname: from.text('surname'),
    institution: from.text('institution'),
    address: from.text('address'),
    phone: from.text('phone_number'),
    email: from.text('email_address') ?? from.text('mail'),
    created_at: from.time('creation_time'),
    ends_at: from.time('end_time'),
    suspended: from.flag('suspended'),
    suspended_reason: from.text('suspension_reason'),
    suspended_code: from.text('suspension_reason_code'),
    external_id: from.text('orgdb_id'),
    subject,
    subject_key: subject === null ? null : keyOfString(subject),
    ca_id: from.text('ca'),
    extra: from.rest(),
  }
}

function readCertificate(from: RowReader): Record<Columns['certificate'], string | null> {
  const subject = from.required('subject_string')
  return {
    id: from.id('id'),
    usr_id: from.id('usr_id'),
    ca_id: from.id('ca_id'),
    subject,
    subject_key: keyOfString(subject),
    suspended: from.flag('suspended'),
    suspended_reason: from.text('suspended_reason'),
    suspended_code: from.text('suspension_reason_code'),
    created_at: from.time('creation_time'),
    extra: from.rest(),
  }
}

function readAttribute(
  scope: 'member' | 'group' | 'role',
  from: RowReader,
): Record<Columns['attribute'], string | null> {
  return {
    scope,
    usr_id: scope === 'member' ? from.id('u_id') : null,
    group_id: scope === 'member' ? null : from.id('g_id'),
    role_id: scope === 'role' ? from.id('r_id') : null,
    class_id: from.id('a_id'),
    value: from.text('a_value') ?? '',
  }
}

function readOther({ table, values }: DumpRow, from: RowReader): Record<Columns['other'], string | null> {
  const key = table.primaryKey.length > 0 ? table.primaryKey : Object.keys(values)
  return {
    table_name: table.name,
    row_key: key.map(column => from.text(column) ?? '').join('/'),
    data: JSON.stringify(Object.fromEntries(Object.keys(values).map(column => [column, from.json(column)]))),
  }
}

/** Typed reads of one dumped row, which remember what was read. */
class RowReader {
  readonly #dumped: DumpRow
  readonly #seen = new Set<string>()

  constructor(dumped: DumpRow) {
    this.#dumped = dumped
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
    const left = Object.keys(this.#dumped.values).filter(
      column => !this.#seen.has(column) && !without.includes(column) && this.#valueOf(column) !== null,
    )
    return JSON.stringify({ vomsAdmin: Object.fromEntries(left.map(column => [column, this.json(column)])) })
  }

  #valueOf(column: string): DumpValue {
    const { values } = this.#dumped
    return Object.hasOwn(values, column) ? (values[column] ?? null) : null
  }

  #error(column: string, what: string): ImportError {
    const { table, line } = this.#dumped
    return new ImportError('IMPORT_VALUE', `line ${line}: ${table.name}.${column} ${what}`)
  }
}

/** Whether the month has that day: MySQL may hold dates that no calendar has. */
function isDay(year: number, month: number, day: number): boolean {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  return year > 0 && days !== undefined && day >= 1 && day <= days
}
