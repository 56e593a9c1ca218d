import { type Connection, createConnection, type QueryError, type TypeCastField } from 'mysql2'
import { type MysqlAddress, mysqlName } from './mysqlAddress.ts'
import type { RowSource, SourceRow, SourceTable, SourceValue } from './RowSource.ts'
import { SourceError, type SourceErrorCode } from './SourceError.ts'

/** A live MySQL or MariaDB, read in one snapshot. */
export interface MysqlDatabase {
  /** For people and the audit; holds no password. */
  readonly name: string
  readonly tables: ReadonlyMap<string, SourceTable>
  /** Ends the snapshot, if there is one, and takes another: what is read from now on is one state. */
  snapshot(): Promise<void>
  /** Rows of a small answer, values as text. */
  query(sql: string): Promise<Record<string, string | null>[]>
  /** Rows of whole tables, or of what a condition selects in them, as a source. */
  source(selections: readonly MysqlSelection[]): RowSource
  close(): void
}

export interface MysqlSelection {
  readonly table: string
  /** What stands behind WHERE. */
  readonly where?: string
}

const CONNECT_MS = 10_000
/** A server that says nothing for so long, in the middle of an answer, is gone. */
const SILENCE_MS = 60_000
const BATCH = 500

/** Connects, and learns the tables. Throws SourceError. */
export async function openMysql(address: MysqlAddress): Promise<MysqlDatabase> {
  const connection = createConnection({
    ...(address.socket === undefined
      ? { host: address.host, port: address.port }
      : { socketPath: address.socket }),
    user: address.user,
    ...(address.password !== undefined && { password: address.password }),
    database: address.database,
    // Everything that MySQL can hold comes in this encoding, whatever the columns are in.
    charset: 'utf8mb4',
    connectTimeout: CONNECT_MS,
    // The daemon runs without the right to make code from strings.
    disableEval: true,
    ...(address.tls !== 'off' && { ssl: { rejectUnauthorized: address.tls === 'verify-full' } }),
  })
  const database = new OpenMysql(connection, mysqlName(address))
  try {
    await database.begin()
    return database
  } catch (cause) {
    database.close()
    throw cause
  }
}

class OpenMysql implements MysqlDatabase {
  readonly name: string
  readonly tables = new Map<string, SourceTable>()
  readonly #connection: Connection
  #connected = false
  /** Why the connection is of no use any more. */
  #broken: Error | undefined
  /** Ends what reads a table now: a connection that breaks tells no stream of it. */
  #breakOff: ((error: Error) => void) | undefined

  constructor(connection: Connection, name: string) {
    this.#connection = connection
    this.name = name
    connection.on('error', error => {
      this.#broken = error
      this.#breakOff?.(error)
    })
  }

  async begin(): Promise<void> {
    await this.query(`SET time_zone = '+00:00', SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ`).catch(
      async cause => {
        if (!(cause instanceof SourceError) || cause.code !== 'SOURCE_QUERY') throw cause
        await this.query(`SET time_zone = '+00:00'`)
        await this.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ')
      },
    )
    this.#connected = true
    // The database that rows go to may take its time.
    await this.query('SET SESSION net_write_timeout = 600')
    await this.#readTables()
  }

  async snapshot(): Promise<void> {
    await this.query('START TRANSACTION WITH CONSISTENT SNAPSHOT')
  }

  query(sql: string): Promise<Record<string, string | null>[]> {
    const silence = this.#watchSilence()
    return new Promise<Record<string, string | null>[]>((resolve, reject) => {
      this.#connection.query({ sql, typeCast: asText }, (error, rows) => {
        if (error) reject(this.#toSourceError(error))
        else resolve((Array.isArray(rows) ? rows : []) as Record<string, string | null>[])
      })
    }).finally(silence)
  }

  source(selections: readonly MysqlSelection[]): RowSource {
    let done = 0
    const self = this
    return {
      name: this.name,
      tables: this.tables,
      async *rows() {
        for (const { table, where } of selections) {
          for await (const batch of self.#readTable(table, where)) {
            done += batch.length
            yield batch
          }
        }
      },
      progress: () => ({ done, total: 0, unit: 'rows' }),
    }
  }

  close(): void {
    this.#connection.destroy()
  }

  async *#readTable(name: string, where: string | undefined): AsyncGenerator<SourceRow[]> {
    const table = this.tables.get(name)
    if (table === undefined) return
    const columns = table.columns.map(column => quote(column.name)).join(', ')
    const sql = `SELECT ${columns} FROM ${quote(name)}${where === undefined ? '' : ` WHERE ${where}`}`
    const kinds = new Map(table.columns.map(column => [column.name, kindOf(column.type)]))
    const typeCast = (field: TypeCastField) => castTo(kinds.get(field.name) ?? 'text', field)
    const silence = this.#watchSilence()
    let batch: SourceRow[] = []
    try {
      const stream = this.#connection.query({ sql, typeCast }).stream({ highWaterMark: BATCH })
      this.#breakOff = error => void stream.destroy(error)
      // It may have broken before, also by this very question.
      if (this.#broken !== undefined) stream.destroy(this.#broken)
      for await (const values of stream as AsyncIterable<Record<string, SourceValue>>) {
        batch.push({ table, values, line: undefined })
        if (batch.length < BATCH) continue
        yield batch
        batch = []
      }
    } catch (error) {
      throw this.#toSourceError(error as QueryError)
    } finally {
      this.#breakOff = undefined
      silence()
    }
    if (batch.length > 0) yield batch
  }

  async #readTables(): Promise<void> {
    const columns = await this.query(
      `SELECT TABLE_NAME AS t, COLUMN_NAME AS c, COLUMN_TYPE AS y FROM information_schema.COLUMNS
       WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION`,
    )
    const keys = await this.query(
      `SELECT TABLE_NAME AS t, COLUMN_NAME AS c FROM information_schema.KEY_COLUMN_USAGE
       WHERE TABLE_SCHEMA = DATABASE() AND CONSTRAINT_NAME = 'PRIMARY' ORDER BY TABLE_NAME, ORDINAL_POSITION`,
    )
    const primary = Map.groupBy(keys, row => row['t']!)
    for (const [name, rows] of Map.groupBy(columns, row => row['t']!)) {
      this.tables.set(name, {
        name,
        columns: rows.map(({ c, y }) => ({ name: c!, type: y!.toLowerCase(), charset: undefined })),
        primaryKey: (primary.get(name) ?? []).map(({ c }) => c!),
        charset: undefined,
      })
    }
  }

  /** Ends the connection when the server says nothing for too long; answers how to stop watching. */
  #watchSilence(): () => void {
    const { stream } = this.#connection as unknown as { stream: import('node:net').Socket }
    const end = () => stream.destroy(new Error(`no answer for ${SILENCE_MS / 1000} s`))
    stream.setTimeout(SILENCE_MS, end)
    return () => {
      stream.setTimeout(0)
      stream.off('timeout', end)
    }
  }

  #toSourceError(error: QueryError): SourceError {
    const code = codeOf(error, this.#connected)
    const what = {
      SOURCE_UNREACHABLE: 'does not answer',
      SOURCE_REFUSED: 'refuses the connection',
      SOURCE_LOST: 'ended the connection',
      SOURCE_QUERY: 'refuses a question',
      SOURCE_ADDRESS: '',
    }[code]
    const said = error.message || error.code
    const advice =
      code === 'SOURCE_REFUSED' && /using password: NO/.test(error.message)
        ? ': it wants a password (--password-file, or passwordFile in follow)'
        : ''
    return new SourceError(code, `${this.name} ${what}: ${said}${advice}`, error)
  }
}

function codeOf(error: QueryError, connected: boolean): SourceErrorCode {
  // Only the server's own errors have a number that MySQL knows.
  const ownError = typeof error.errno === 'number' && error.errno >= 1000
  if (connected) return ownError && !error.fatal ? 'SOURCE_QUERY' : 'SOURCE_LOST'
  if (!ownError) return 'SOURCE_UNREACHABLE'
  return error.fatal || /ACCESS_DENIED|BAD_DB/.test(error.code ?? '') ? 'SOURCE_REFUSED' : 'SOURCE_QUERY'
}

type Kind = 'text' | 'bit' | 'octets'

function kindOf(type: string): Kind {
  if (type === 'bit(1)') return 'bit'
  return /^(?:(?:tiny|medium|long)?blob|(?:var)?binary|bit\b)/.test(type) ? 'octets' : 'text'
}

function castTo(kind: Kind, field: TypeCastField): SourceValue {
  if (kind === 'text') return field.string()
  const octets = field.buffer()
  if (octets === null || kind === 'octets') return octets
  return octets.length > 0 && (octets[octets.length - 1]! & 1) === 1
}

function asText(field: TypeCastField): string | null {
  return field.string()
}

/** A name as MySQL takes it, reserved words included. */
export function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
