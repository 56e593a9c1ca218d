import type { DumpError } from './DumpError.ts'
import { type DumpCharset, decodeDumpText, dumpCharset } from './dumpCharset.ts'
import { DumpLexer } from './dumpLexer.ts'
import type { SourceColumn, SourceRow, SourceTable, SourceValue } from './RowSource.ts'

type Token =
  | { readonly kind: 'word' | 'name' | 'punctuation'; readonly text: string }
  | { readonly kind: 'string'; readonly bytes: Uint8Array }

// What a statement before its VALUES, or a row, may have: MySQL allows 4096 columns, and rows with several
// certificates in them have some hundred kilobytes.
const MAX_TOKENS = 100_000
const MAX_TOKEN_BYTES = 32 << 20
const MAX_TABLES = 10_000

/**
 * Reads a mysqldump in pieces of any size, without MySQL: columns from CREATE TABLE, rows from INSERT, encoding
 * from SET NAMES; everything else is passed over. push() answers the rows that the piece completed, so memory
 * follows the size of a piece, not of the dump. end() tells whether the dump is whole. Both throw DumpError.
 */
export class MysqldumpReader {
  readonly #lexer: DumpLexer
  readonly #tables = new Map<string, SourceTable>()
  #rows: SourceRow[] = []
  /** Tokens of the statement so far, or of the row so far; undefined: the statement is passed over. */
  #tokens: Token[] | undefined = []
  #tokenBytes = 0
  #insert: InsertTarget | undefined
  #depth = 0
  #names: string | undefined
  #begun = false
  #isComplete = false
  /** It has said of itself what it is. */
  #isDump = false
  #hasTokens = false
  /** The database that USE names. */
  #database: string | undefined

  constructor() {
    this.#lexer = new DumpLexer({
      word: text => this.#take({ kind: 'word', text }),
      name: text => this.#take({ kind: 'name', text: Buffer.from(text, 'latin1').toString('utf8') }),
      string: bytes => this.#take({ kind: 'string', bytes }),
      punctuation: text => this.#take({ kind: 'punctuation', text }),
      comment: text => {
        if (/^ Dump completed\b/.test(text)) this.#isComplete = true
        if (/^ (?:MySQL|MariaDB) dump\b/.test(text)) this.#isDump = true
      },
    })
  }

  /** The tables whose columns are known so far, by name. */
  get tables(): ReadonlyMap<string, SourceTable> {
    return this.#tables
  }

  /** Octets read so far. */
  get offset(): number {
    return this.#lexer.offset
  }

  push(bytes: Uint8Array): SourceRow[] {
    if (!this.#begun) this.#begin(bytes)
    this.#rows = []
    this.#lexer.push(bytes)
    return this.#rows
  }

  /**
   * Throws DUMP_CUT_OFF where statement or dump are not complete: mysqldump ends with "-- Dump completed"; DUMP_FORMAT
   * where something is there, but nothing of a dump.
   */
  end(): void {
    if (this.#hasTokens && !this.#isDump && !this.#isComplete && this.#tables.size === 0) {
      throw this.#error('DUMP_FORMAT', 'the file is no mysqldump')
    }
    this.#lexer.end()
    if (this.#tokens === undefined || this.#tokens.length > 0 || this.#insert !== undefined) {
      throw this.#error('DUMP_CUT_OFF', 'the file ends within a statement')
    }
    if (this.#isComplete) return
    throw this.#error(
      'DUMP_CUT_OFF',
      'the line "-- Dump completed" is missing at the end: make the dump anew, without --skip-comments and --compact',
    )
  }

  #begin(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#begun = true
    if (bytes[0] === 0x1f && bytes[1] === 0x8b)
      throw this.#error('DUMP_FORMAT', 'the file is compressed: gunzip it')
    if (bytes[0] === 0x3c) throw this.#error('DUMP_FORMAT', 'an XML file: run mysqldump without --xml')
  }

  #error(code: DumpError['code'], message: string): DumpError {
    return this.#lexer.error(code, message)
  }

  #take(token: Token): void {
    this.#isComplete = false
    this.#hasTokens = true
    if (this.#insert !== undefined) this.#takeOfInsert(token, this.#insert)
    else if (token.kind === 'punctuation' && token.text === ';') this.#endStatement()
    else if (this.#tokens !== undefined) this.#takeOfStatement(token, this.#tokens)
  }

  #endStatement(): void {
    const tokens = this.#clearTokens()
    if (tokens !== undefined) this.#takeStatement(tokens)
  }

  #takeOfStatement(token: Token, tokens: Token[]): void {
    this.#keep(token, tokens)
    if (tokens.length === 1) this.#takeFirst(token)
    else if (isWord(tokens[0], 'INSERT', 'REPLACE') && isWord(token, 'VALUES', 'VALUE'))
      this.#startRows(tokens)
  }

  #keep(token: Token, tokens: Token[]): void {
    tokens.push(token)
    this.#tokenBytes += token.kind === 'string' ? token.bytes.length : token.text.length
    if (tokens.length > MAX_TOKENS || this.#tokenBytes > MAX_TOKEN_BYTES) {
      throw this.#error('DUMP_TOO_LARGE', 'a row or statement without an end')
    }
  }

  #clearTokens(): Token[] | undefined {
    const tokens = this.#tokens
    this.#tokens = []
    this.#tokenBytes = 0
    return tokens
  }

  /** Only these statements say something about rows; DELIMITER is a command that no `;` ends. */
  #takeFirst(token: Token): void {
    if (token.kind !== 'word') throw this.#error('DUMP_SYNTAX', 'a statement that does not begin with a word')
    if (isWord(token, 'DELIMITER')) {
      this.#clearTokens()
      this.#lexer.skipDelimited()
    } else if (!isWord(token, 'INSERT', 'REPLACE', 'CREATE', 'SET', 'USE')) this.#tokens = undefined
  }

  #takeStatement(tokens: readonly Token[]): void {
    if (isWord(tokens[0], 'INSERT', 'REPLACE')) throw this.#error('DUMP_SYNTAX', 'an INSERT without VALUES')
    if (isWord(tokens[0], 'CREATE') && isWord(tokens[1], 'TABLE')) this.#addTable(parseCreateTable(tokens))
    if (isWord(tokens[0], 'SET')) this.#takeSet(tokens)
    if (isWord(tokens[0], 'USE')) this.#takeUse(textOf(tokens[1]))
  }

  /** Rows of several databases have the same tables and numbers: members of one would become another's. */
  #takeUse(database: string): void {
    this.#database ??= database
    if (database === this.#database) return
    throw this.#error(
      'DUMP_SEVERAL',
      `the file holds several databases, ${this.#database} and ${database.slice(0, 100)}: dump one, mysqldump DATABASE`,
    )
  }

  #addTable(table: SourceTable | undefined): void {
    if (table === undefined) throw this.#error('DUMP_SYNTAX', 'a CREATE TABLE of another form')
    if (this.#tables.has(table.name)) {
      throw this.#error(
        'DUMP_SEVERAL',
        `the table ${table.name} comes a second time: the file holds several dumps; name one of them`,
      )
    }
    if (this.#tables.size >= MAX_TABLES) throw this.#error('DUMP_TOO_LARGE', `more than ${MAX_TABLES} tables`)
    this.#tables.set(table.name, table)
  }

  #takeSet(tokens: readonly Token[]): void {
    if (isWord(tokens[1], 'NAMES')) {
      const name = textOf(tokens[2])
      if (name !== 'binary' && dumpCharset(name) === undefined) {
        throw this.#error(
          'DUMP_CHARSET',
          `SET NAMES ${name}: make the dump with --default-character-set=utf8`,
        )
      }
      this.#names = name
    }
    if (isWord(tokens[1], 'SQL_MODE') && /NO_BACKSLASH_ESCAPES/i.test(tokens.map(textOf).join(' '))) {
      throw this.#error(
        'DUMP_SYNTAX',
        'strings without backslash escapes (NO_BACKSLASH_ESCAPES) are not supported',
      )
    }
  }

  #startRows(tokens: readonly Token[]): void {
    const into = tokens.findIndex(token => isWord(token, 'INTO'))
    const name = textOf(tokens[into + 1])
    const table = this.#tables.get(name)
    if (into < 0 || table === undefined) {
      throw this.#error(
        'DUMP_COLUMNS',
        `rows of the table "${name.slice(0, 100)}" before its CREATE TABLE: make the dump without --no-create-info`,
      )
    }
    const named = tokens.slice(into + 2).filter(token => token.kind === 'name')
    const columns =
      named.length === 0 ? table.columns : named.map(token => this.#columnOf(table, textOf(token)))
    this.#insert = { table, columns }
    this.#clearTokens()
    this.#depth = 0
  }

  #columnOf(table: SourceTable, name: string): SourceColumn {
    const column = table.columns.find(candidate => candidate.name === name)
    if (column === undefined) throw this.#error('DUMP_COLUMNS', `table ${table.name} has no column ${name}`)
    return column
  }

  /** Between rows: `(`, `,` or `;`. Within one: its values, up to `)`. */
  #takeOfInsert(token: Token, insert: InsertTarget): void {
    const mark = token.kind === 'punctuation' ? token.text : ''
    if (this.#depth === 0) {
      if (mark === '(') this.#depth = 1
      else if (mark === ';') this.#insert = undefined
      else if (mark !== ',') throw this.#error('DUMP_SYNTAX', `not a row of ${insert.table.name}`)
    } else if (mark === ')') {
      this.#depth = 0
      this.#rows.push(this.#readRow(this.#clearTokens() ?? [], insert))
    } else this.#keep(token, this.#tokens ?? [])
  }

  #readRow(tokens: readonly Token[], { table, columns }: InsertTarget): SourceRow {
    const literals = splitAtCommas(tokens)
    if (literals.length !== columns.length) {
      const counts = `${literals.length} values for the ${columns.length} columns of ${table.name}`
      throw this.#error('DUMP_COLUMNS', counts)
    }
    const values = columns.map(
      (column, n) => [column.name, this.#readValue(literals[n]!, column, table)] as const,
    )
    return { table, values: Object.fromEntries(values), line: this.#lexer.line }
  }

  #readValue(literal: readonly Token[], column: SourceColumn, table: SourceTable): SourceValue {
    const octets = octetsOf(literal)
    if (octets === undefined) {
      throw this.#error('DUMP_VALUE', `not a value: ${literal.map(textOf).join(' ').slice(0, 100)}`)
    }
    if (octets === null) return null
    if (column.type === 'bit(1)') return this.#readBit(octets, column, table)
    if (/^(?:(?:tiny|medium|long)?blob|(?:var)?binary|bit\b)/.test(column.type)) return octets
    const charset = this.#charsetOf(column, table)
    const text = decodeDumpText(octets, charset)
    if (text === undefined)
      throw this.#error('DUMP_CHARSET', `${table.name}.${column.name} is not ${charset}`)
    return text
  }

  /** `'\0'`, `'\1'`, the octet 0x01 itself, `b'1'` and the number: all of them occur. */
  #readBit(octets: Uint8Array, column: SourceColumn, table: SourceTable): boolean {
    const [octet = 0] = octets
    if (octets.length > 1 || ![0x00, 0x01, 0x30, 0x31].includes(octet)) {
      throw this.#error('DUMP_VALUE', `${table.name}.${column.name} is no bit`)
    }
    return (octet & 1) === 1
  }

  /** What SET NAMES says; with `binary` or nothing, each column is in its own encoding. */
  #charsetOf(column: SourceColumn, table: SourceTable): DumpCharset {
    const name =
      this.#names !== undefined && this.#names !== 'binary' ? this.#names : (column.charset ?? table.charset)
    const charset = dumpCharset(name ?? 'utf8')
    if (charset === undefined) throw this.#error('DUMP_CHARSET', `${table.name}.${column.name} is in ${name}`)
    return charset
  }
}

interface InsertTarget {
  readonly table: SourceTable
  readonly columns: readonly SourceColumn[]
}

function isWord(token: Token | undefined, ...words: readonly string[]): boolean {
  return token?.kind === 'word' && words.includes(token.text.toUpperCase())
}

function textOf(token: Token | undefined): string {
  if (token === undefined) return ''
  return token.kind === 'string' ? Buffer.from(token.bytes).toString('latin1') : token.text
}

function splitAtCommas(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]]
  for (const token of tokens) {
    if (token.kind === 'punctuation' && token.text === ',') parts.push([])
    else parts.at(-1)!.push(token)
  }
  return parts
}

/** A literal's octets: number, string (with an introducer), 0x and b'' forms; null: NULL; undefined: no literal. */
function octetsOf(literal: readonly Token[]): Uint8Array | null | undefined {
  const [first, second, third] = literal
  if (first === undefined || third !== undefined) return undefined
  if (first.kind === 'string') return second === undefined ? first.bytes : undefined
  if (first.kind === 'name') return undefined
  if (second === undefined) return isWord(first, 'NULL') ? null : numberOctets(first.text)
  if (first.kind === 'punctuation') return first.text === '-' ? numberOctets(`-${textOf(second)}`) : undefined
  if (second.kind !== 'string') return undefined
  if (isWord(first, 'B')) return bitOctets(textOf(second))
  if (isWord(first, 'X')) return hexOctets(textOf(second))
  return /^_(?:binary|utf8|utf8mb3|utf8mb4|latin1)$/i.test(first.text) ? second.bytes : undefined
}

function numberOctets(text: string): Uint8Array | undefined {
  if (/^0x/i.test(text)) return hexOctets(text.slice(2))
  return /^-?[0-9.]+(?:[eE][+-]?[0-9]+)?$/.test(text) ? Buffer.from(text) : undefined
}

function bitOctets(text: string): Uint8Array | undefined {
  return /^[01]$/.test(text) ? Uint8Array.of(text === '1' ? 1 : 0) : undefined
}

function hexOctets(text: string): Uint8Array | undefined {
  return /^(?:[0-9a-fA-F]{2})*$/.test(text) ? new Uint8Array(Buffer.from(text, 'hex')) : undefined
}

/** Columns, primary key and encoding of a CREATE TABLE as mysqldump writes it. */
function parseCreateTable(tokens: readonly Token[]): SourceTable | undefined {
  const open = tokens.findIndex(token => token.kind === 'punctuation' && token.text === '(')
  const name = tokens[open - 1]
  if (open < 0 || name?.kind !== 'name') return undefined
  const { items, rest } = splitItems(tokens.slice(open + 1))
  const primary = items.find(item => isWord(item[0], 'PRIMARY'))
  return {
    name: name.text,
    columns: items.filter(item => item[0]?.kind === 'name').map(parseColumn),
    primaryKey: (primary ?? []).filter(token => token.kind === 'name').map(textOf),
    charset: wordAfter(rest, 'CHARSET'),
  }
}

/** The comma-separated items up to the parenthesis that closes them, and what follows it. */
function splitItems(tokens: readonly Token[]): { items: Token[][]; rest: readonly Token[] } {
  const items: Token[][] = [[]]
  let depth = 0
  for (const [n, token] of tokens.entries()) {
    const mark = token.kind === 'punctuation' ? token.text : ''
    if (mark === '(') depth++
    if (mark === ')' && --depth < 0) return { items, rest: tokens.slice(n + 1) }
    if (mark === ',' && depth === 0) items.push([])
    else items.at(-1)!.push(token)
  }
  return { items, rest: [] }
}

function parseColumn(item: readonly Token[]): SourceColumn {
  const [name, type, open, length] = item.map(textOf)
  const set = item.findIndex((token, n) => isWord(token, 'SET') && isWord(item[n - 1], 'CHARACTER'))
  return {
    name: name!,
    type: `${(type ?? '').toLowerCase()}${open === '(' ? `(${length})` : ''}`,
    charset: set < 0 ? undefined : textOf(item[set + 1]),
  }
}

/** The value of an option such as `CHARSET=latin1`. */
function wordAfter(tokens: readonly Token[], option: string): string | undefined {
  const at = tokens.findIndex(token => isWord(token, option))
  if (at < 0) return undefined
  const value = tokens.slice(at + 1).find(token => token.kind === 'word')
  return value === undefined ? undefined : textOf(value)
}
