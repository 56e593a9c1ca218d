import { existsSync } from 'node:fs'
import type { Config } from '../config/types.ts'
import { DatabaseError } from '../store/DatabaseError.ts'
import type { Database } from '../store/database.ts'
import { schemaProblem, schemaState } from '../store/migrate.ts'
import { openStore } from '../store/openStore.ts'
import type { CheckFinding } from './finding.ts'
import { orphanedMirrors } from './orphanedMirrors.ts'
import { ownVos, unknownVos } from './unknownVos.ts'

/** Whether the database answers, its schema fits, and the views and the configured VOs are there. */
export async function checkDatabase(config: Config): Promise<CheckFinding[]> {
  const { store } = config
  if (store.kind === 'embedded' && !existsSync(store.folder)) {
    const what = `${store.folder} does not exist yet`
    return notThereYet(config, note('store.folder', what, 'nothing: vouchd serve makes it'))
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
    return notThereYet(config, note('store', problem.what, 'nothing: vouchd serve migrates it by itself'))
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
  findings.push(...(await missingVos(db, config)), ...(await unfollowedVos(db, config)))
  const { versionQuery } = config.directory
  if (versionQuery !== undefined) {
    const query = () => db.query(versionQuery)
    await tryQuery(query, 'directory.versionQuery', 'fails', 'correct it', findings)
  }
  return findings
}

/** Before the database is there, everything that its VOs still need. */
function notThereYet(config: Config, first: CheckFinding): CheckFinding[] {
  return [
    first,
    ...ownVos(config).map(({ name, place, advice }) =>
      warning(
        place,
        `${name} has to be made or imported before anybody gets an AC of it`,
        `vouchd migrate, then ${advice}`,
      ),
    ),
  ]
}

async function missingVos(db: Database, config: Config): Promise<CheckFinding[]> {
  const unknown = await unknownVos(db, config)
  return unknown.map(({ name, place, advice }) =>
    warning(
      place,
      `${name} is not in the database: all its users are unknown`,
      `${advice}, or correct the name`,
    ),
  )
}

async function unfollowedVos(db: Database, config: Config): Promise<CheckFinding[]> {
  const mirrors = await orphanedMirrors(db, config)
  return mirrors.map(({ name, place, followedFrom }) =>
    warning(
      place,
      `${name} is marked as followed from ${followedFrom}, and this configuration does not follow it: changes there do not arrive, changes here are refused`,
      `vouchd import end-follow --vo ${name} to administer it here; nothing, if vouchd import --follow mirrors it; else follow it again (docs/migrate.md)`,
    ),
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
function note(place: string, what: string, advice: string): CheckFinding {
  return { area: 'database', level: 'note', place, what, advice }
}
