import type { Config } from '../config/types.ts'
import type { Database } from '../store/database.ts'
import { migrate, schemaProblem, schemaState } from '../store/migrate.ts'
import { openStore } from '../store/openStore.ts'
import { CliError } from './CliError.ts'
import { EXIT } from './exitCodes.ts'

/**
 * Opens the database for a command that reads ('command') or writes ('owner'), does its work, and closes it.
 * `migrateEmbedded`: an embedded one is brought to this version's schema first, as the daemon does. Throws CliError for
 * a schema that does not fit, DatabaseError for a database that cannot be had.
 */
export async function withDatabase<T>(
  config: Config,
  mode: 'command' | 'owner',
  work: (db: Database) => Promise<T>,
  { migrateEmbedded = false } = {},
): Promise<T> {
  const db = await openStore(config.store, { mode })
  try {
    if (migrateEmbedded && config.store.kind === 'embedded') await migrate(db)
    const problem = schemaProblem(await schemaState(db))
    if (problem !== undefined) throw new CliError(EXIT.database, `${problem.what}; ${problem.advice}`)
    return await work(db)
  } finally {
    await db.close()
  }
}
