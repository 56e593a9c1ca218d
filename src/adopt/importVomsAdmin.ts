import type { Database } from '../store/database.ts'
import { openDump } from './dumpSource.ts'
import { type ImportOptions, type ImportResult, importSource } from './importSource.ts'
import { VOMS_ADMIN } from './vomsAdmin.ts'

/** importSource() of a mysqldump of a VOMS Admin database, schema version 2 or 3. */
export async function importVomsAdmin(
  file: string,
  vo: string,
  db: Database,
  options: ImportOptions,
): Promise<ImportResult> {
  return importSource(await openDump(file), VOMS_ADMIN, vo, db, options)
}
