import type { StagedRow } from './model.ts'
import type { RowReader } from './RowReader.ts'
import type { SourceRow } from './RowSource.ts'

/** A row that the model has no table for, whole but for the columns `without`: kept for administration. */
export function readOther(
  { table, values }: SourceRow,
  from: RowReader,
  without: readonly string[] = [],
): StagedRow<'other'> {
  const columns = Object.keys(values).filter(column => !without.includes(column))
  const key = table.primaryKey.length > 0 ? table.primaryKey : columns
  const row = {
    table_name: table.name,
    row_key: key.map(column => from.text(column) ?? '').join('/'),
    data: JSON.stringify(Object.fromEntries(columns.map(column => [column, from.json(column)]))),
  }
  return { table: 'other', row }
}
