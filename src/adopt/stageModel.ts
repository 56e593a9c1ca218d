import type { Queryable } from '../store/database.ts'
import type { StagedRow, StagingColumns } from './model.ts'

/** Rows a statement: some hundred kilobytes at most, and few enough round trips for a million rows. */
const BATCH = 2000

/** Where a source's rows wait, within the transaction, until all are there: pg_temp.import_TABLE. */
export interface Staging {
  /** Undefined while there is room; otherwise to be awaited. */
  add(row: StagedRow): Promise<void> | undefined
  /** Writes what is left. No add() may follow. */
  finish(): Promise<void>
}

/** Creates the staging tables; they vanish with the transaction, however it ends. */
export async function createStaging(
  tx: Queryable,
  tables: Readonly<Record<string, StagingColumns>>,
): Promise<Staging> {
  const waiting = new Map<string, StagingTable>()
  for (const [table, columns] of Object.entries(tables)) {
    const definitions = Object.entries(columns).map(([name, type]) => `${name} ${type}`)
    await tx.query(`create temporary table import_${table} (${definitions.join(', ')}) on commit drop`)
    waiting.set(table, new StagingTable(table, columns))
  }
  return {
    add({ table, row }) {
      const staging = waiting.get(table)!
      return staging.add(row) >= BATCH ? staging.flush(tx) : undefined
    },
    async finish() {
      for (const [table, staging] of waiting) {
        await staging.flush(tx)
        // Planners know nothing of a temporary table that was never analysed.
        await tx.query(`analyze pg_temp.import_${table}`)
      }
    },
  }
}

/** Rows of one table by column, as one statement takes them. */
class StagingTable {
  readonly #names: readonly string[]
  readonly #sql: string
  #columns: (string | null)[][]

  constructor(table: string, columns: StagingColumns) {
    this.#names = Object.keys(columns)
    this.#columns = this.#names.map(() => [])
    const names = this.#names.join(', ')
    const cast = this.#names.map(name => `${name}::${columns[name]}`).join(', ')
    const lists = this.#names.map((_, n) => `$${n + 1}::text[]`).join(', ')
    this.#sql = `insert into pg_temp.import_${table} (${names}) select ${cast} from unnest(${lists}) as t (${names})`
  }

  /** How many wait now. */
  add(row: StagedRow['row']): number {
    for (const [n, name] of this.#names.entries()) this.#columns[n]!.push(row[name] ?? null)
    return this.#columns[0]!.length
  }

  async flush(tx: Queryable): Promise<void> {
    const columns = this.#columns
    if (columns[0]!.length === 0) return
    this.#columns = this.#names.map(() => [])
    await tx.query(this.#sql, columns)
  }
}
