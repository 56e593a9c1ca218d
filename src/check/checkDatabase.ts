import { existsSync } from 'node:fs'
import { HOLDINGS_VIEW } from '../config/schema.ts'
import type { Config } from '../config/types.ts'
import { DatabaseError } from '../store/DatabaseError.ts'
import type { Database } from '../store/database.ts'
import { schemaProblem, schemaState } from '../store/migrate.ts'
import { openStore } from '../store/openStore.ts'
import type { CheckFinding } from './finding.ts'

/** Whether the database answers, its schema fits, and the views and the configured VOs are there. */
export async function checkDatabase(config: Config): Promise<CheckFinding[]> {
  const { store } = config
  if (store.kind === 'embedded' && !existsSync(store.folder)) {
    return [warning('store.folder', `${store.folder} does not exist yet`, 'nothing: vouchd serve makes it')]
  }
  let db: Database | undefined
  try {
    db = await openStore(store, { mode: 'command' })
    return await checkContent(db, config)
  } catch (cause) {
    if (!(cause instanceof DatabaseError)) throw cause
    return [error('store', describe(cause), adviceFor(config, cause))]
  } finally {
    await db?.close()
  }
}

async function checkContent(db: Database, config: Config): Promise<CheckFinding[]> {
  const problem = schemaProblem(await schemaState(db))
  if (problem !== undefined && config.store.kind === 'embedded') {
    return [warning('store', problem.what, 'nothing: vouchd serve migrates it by itself')]
  }
  if (problem !== undefined) return [error('store', problem.what, problem.advice)]
  const findings: CheckFinding[] = []
  for (const [key, view, columns] of [
    ['holdingsView', config.directory.holdingsView, HOLDINGS_COLUMNS],
    ['attributesView', config.directory.attributesView, ATTRIBUTES_COLUMNS],
  ] as const) {
    // The configuration takes nothing but identifiers for the view's name.
    const query = () => db.query(`select ${columns} from ${view} where false`)
    await tryQuery(query, `directory.${key}`, `${view} cannot be read`, 'see docs/views.md', findings)
  }
  if (config.directory.holdingsView === HOLDINGS_VIEW) findings.push(...(await missingVos(db, config)))
  const { versionQuery } = config.directory
  if (versionQuery !== undefined) {
    const query = () => db.query(versionQuery)
    await tryQuery(query, 'directory.versionQuery', 'fails', 'correct it', findings)
  }
  return findings
}

/** VOs that are served but have nobody in them, not even themselves. */
async function missingVos(db: Database, config: Config): Promise<CheckFinding[]> {
  const rows = await db.query<{ name: string }>('select name from vouchd.vo')
  const known = new Set(rows.map(({ name }) => name))
  return config.vos.flatMap(({ name }, index) =>
    known.has(name)
      ? []
      : [
          warning(
            `vo[${index}].name`,
            `${name} is not in the database: all its users are unknown`,
            `vouchd import voms-admin FILE --vo ${name}, or correct the name`,
          ),
        ],
  )
}

const HOLDINGS_COLUMNS = 'vo, subject, issuer, member, suspended, reason, ends_at, fqgroup, role, optional'
const ATTRIBUTES_COLUMNS = 'vo, scope, member, fqgroup, role, name, value'

async function tryQuery(
  query: () => Promise<unknown>,
  place: string,
  what: string,
  advice: string,
  findings: CheckFinding[],
): Promise<void> {
  try {
    await query()
  } catch (cause) {
    if (!(cause instanceof DatabaseError)) throw cause
    findings.push(error(place, `${what}: ${describe(cause)}`, advice))
  }
}

function describe(cause: DatabaseError): string {
  return cause.message.split('\n', 1)[0]!
}

function adviceFor(config: Config, cause: DatabaseError): string {
  const { store } = config
  if (store.kind === 'embedded') return 'run as the user that the folder belongs to'
  if (cause.sqlState?.startsWith('28')) return `check store.user (${store.user}) and its passwordFile`
  if (cause.sqlState === '3D000') return `create the database: createdb ${store.database}`
  return `check that the server runs and can be reached: psql -h ${store.host} -p ${store.port} ${store.database}`
}

function error(place: string, what: string, advice: string): CheckFinding {
  return { area: 'database', level: 'error', place, what, advice }
}
function warning(place: string, what: string, advice: string): CheckFinding {
  return { area: 'database', level: 'warning', place, what, advice }
}
