import type { Queryable } from '../store/database.ts'
import { MODEL, type ModelRow, type ModelTable } from './vomsAdmin.ts'

/** Rows a statement: some hundred kilobytes at most, and few enough round trips for a million rows. */
const BATCH = 1000

/** Where a dump's rows wait, within the transaction, until all are there: pg_temp.import_TABLE. */
export interface Staging {
  add(row: ModelRow): Promise<void>
  /** Writes what is left. No add() may follow. */
  finish(): Promise<void>
}

/** Creates the staging tables; they vanish with the transaction, however it ends. */
export async function createStaging(tx: Queryable): Promise<Staging> {
  const waiting = new Map<ModelTable, ModelRow['row'][]>()
  for (const table of MODEL_TABLES) {
    const columns = Object.entries(MODEL[table]).map(([name, type]) => `${name} ${type}`)
    await tx.query(`create temporary table import_${table} (${columns.join(', ')}) on commit drop`)
  }

  const flush = async (table: ModelTable) => {
    const rows = waiting.get(table) ?? []
    waiting.set(table, [])
    if (rows.length > 0) await insertRows(tx, table, rows)
  }
  return {
    async add({ table, row }) {
      const rows = waiting.get(table) ?? []
      waiting.set(table, rows)
      if (rows.push(row) >= BATCH) await flush(table)
    },
    async finish() {
      for (const table of MODEL_TABLES) {
        await flush(table)
        // Planners know nothing of a temporary table that was never analysed.
        await tx.query(`analyze pg_temp.import_${table}`)
      }
    },
  }
}

const MODEL_TABLES = Object.keys(MODEL) as ModelTable[]

async function insertRows(tx: Queryable, table: ModelTable, rows: readonly ModelRow['row'][]): Promise<void> {
  const names = Object.keys(MODEL[table])
  const types: Readonly<Record<string, string>> = MODEL[table]
  const lists = names.map((_, n) => `$${n + 1}::text[]`).join(', ')
  const cast = names.map(name => `${name}::${types[name]}`).join(', ')
  const columns = names.map(name =>
    rows.map(row => (row as Readonly<Record<string, string | null>>)[name] ?? null),
  )
  await tx.query(
    `insert into pg_temp.import_${table} (${names.join(', ')}) select ${cast} from unnest(${lists}) as t (${names.join(', ')})`,
    columns,
  )
}
