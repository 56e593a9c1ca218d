import type { ResolutionMode } from '../resolve/types.ts'
import type { Queryable } from '../store/database.ts'
import type { StagedRow, StagingColumns } from './model.ts'
import type { SourceRow } from './RowSource.ts'

/** What kind of server's database is imported: how its rows become the neutral model. */
export interface SourceKind {
  readonly name: 'voms-admin' | 'iam'
  /** The key in `extra` by which a row of the directory is known to come from such a source. */
  readonly mark: 'vomsAdmin' | 'iam'
  readonly title: string
  /** Tables, and columns of them, without which nothing can be resolved: another schema where one is missing. */
  readonly required: Readonly<Record<string, readonly string[]>>
  /** Staging tables: the model's, and those that rows wait in until all are there. */
  readonly staging: Readonly<Record<string, StagingColumns>>
  /** Whether anything of that table is kept: the others need not be read. */
  keeps(table: string): boolean
  /** One row for staging; undefined: not kept. Throws ImportError IMPORT_VALUE. */
  toRow(row: SourceRow): StagedRow | undefined
  /**
   * Completes the model once all rows are staged; answers the source's schema version. Throws ImportError for a
   * version that is not known, or another VO's database.
   */
  prepare(tx: Queryable, vo: string): Promise<number>
  /** Whose rules a VO that is made by this import resolves by. */
  readonly resolution: ResolutionMode
}
