/** A column's value: text, numbers and dates as text, bit(1) as boolean, binary types as octets. */
export type SourceValue = string | boolean | Uint8Array | null

export interface SourceColumn {
  readonly name: string
  /** MySQL's type in lower case, with its length: `varchar(255)`, `bit(1)`. */
  readonly type: string
  readonly charset: string | undefined
}

export interface SourceTable {
  readonly name: string
  readonly columns: readonly SourceColumn[]
  readonly primaryKey: readonly string[]
  readonly charset: string | undefined
}

export interface SourceRow {
  readonly table: SourceTable
  readonly values: Readonly<Record<string, SourceValue>>
  /** The line of the dump that the row ends on; undefined for a row of a live database. */
  readonly line: number | undefined
}

export interface SourceProgress {
  /** Octets read and to be read; rows where octets are not known. */
  readonly done: number
  readonly total: number
  readonly unit: 'bytes' | 'rows'
}

/** A database of another server as rows, table by table: a mysqldump, or MySQL itself. Read once. */
export interface RowSource {
  /** For people and the audit; holds no password. */
  readonly name: string
  /** The tables that are known; all of them once the rows are read to their end. */
  readonly tables: ReadonlyMap<string, SourceTable>
  /** All rows, some at a time. Throws DumpError or SourceError. */
  rows(): AsyncIterable<readonly SourceRow[]>
  progress(): SourceProgress
}
