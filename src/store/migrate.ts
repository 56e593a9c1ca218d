import { readdir, readFile } from 'node:fs/promises'
import { DatabaseError } from './DatabaseError.ts'
import type { Database, Queryable } from './database.ts'

export interface Migration {
  readonly version: number
  /** The file's name without `.sql`. */
  readonly name: string
  readonly sql: string
}

/**
 * missing: no schema here. older: to be migrated. current, next: this program can serve it; `next` is one
 * migration ahead, as during an upgrade of several servers. newer: too far ahead.
 */
export interface SchemaState {
  readonly version: number
  /** The version that this program brings along. */
  readonly expected: number
  readonly verdict: 'missing' | 'older' | 'current' | 'next' | 'newer'
}

const folder = new URL('./migrations/', import.meta.url)

/** The migrations of this program, in order. Each one must leave the previous program able to serve. */
export async function loadMigrations(): Promise<Migration[]> {
  const names = (await readdir(folder)).filter(name => /^\d{4}_\w+\.sql$/.test(name)).sort()
  return Promise.all(
    names.map(async file => ({
      version: Number(file.slice(0, 4)),
      name: file.replace(/\.sql$/, ''),
      sql: await readFile(new URL(file, folder), 'utf8'),
    })),
  )
}

/** How the database's schema stands to this program. Throws DatabaseError when the database is away. */
export async function schemaState(db: Queryable, migrations?: readonly Migration[]): Promise<SchemaState> {
  const expected = (migrations ?? (await loadMigrations())).at(-1)?.version ?? 0
  const version = await currentVersion(db)
  return { version, expected, verdict: verdictOf(version, expected) }
}

function verdictOf(version: number, expected: number): SchemaState['verdict'] {
  if (version === 0) return 'missing'
  if (version < expected) return 'older'
  if (version === expected) return 'current'
  return version === expected + 1 ? 'next' : 'newer'
}

async function currentVersion(db: Queryable): Promise<number> {
  const [found] = await db.query<{ found: boolean }>(
    `select to_regclass('vouchd.schema_version') is not null as found`,
  )
  if (!found?.found) return 0
  const [row] = await db.query<{ version: number | null }>(
    'select max(version) as version from vouchd.schema_version',
  )
  return row?.version ?? 0
}

/** Why `serve` may not run on a schema, and what the operator does. */
export interface SchemaProblem {
  readonly what: string
  readonly advice: string
}

/** What stands against this schema; undefined when `serve` may run on it. */
export function schemaProblem(state: SchemaState): SchemaProblem | undefined {
  switch (state.verdict) {
    case 'missing':
      return { what: 'the database holds no vouchd schema', advice: 'run vouchd migrate' }
    case 'older':
      return {
        what: `the database's schema is at version ${state.version}, this program needs ${state.expected}`,
        advice: 'run vouchd migrate',
      }
    case 'newer':
      return {
        what: `the database's schema is at version ${state.version}, this program knows ${state.expected}`,
        advice: 'install a newer vouchd',
      }
    default:
      return undefined
  }
}

export interface MigrateOptions {
  /** Stop at this version; the latest when absent. */
  readonly to?: number
  readonly migrations?: readonly Migration[]
}

/**
 * Applies what is missing, each migration in a transaction of its own, and returns the names applied. Two
 * at once wait for each other. Throws DatabaseError: what was applied before stays.
 */
export async function migrate(db: Database, options: MigrateOptions = {}): Promise<string[]> {
  const applied: string[] = []
  for (const migration of options.migrations ?? (await loadMigrations())) {
    if (migration.version > (options.to ?? Number.POSITIVE_INFINITY)) break
    if (await apply(db, migration)) applied.push(migration.name)
  }
  return applied
}

function apply(db: Database, migration: Migration): Promise<boolean> {
  return db.transaction(async tx => {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('vouchd.migrate', 0))`)
    const version = await currentVersion(tx)
    if (version >= migration.version) return false
    await tx.query(migration.sql)
    await tx.query('insert into vouchd.schema_version (version, name) values ($1, $2)', [
      migration.version,
      migration.name,
    ])
    return true
  })
}

// What `serve`, `check`, `member list|show` and `explain` read. The audit and the imported rows stay the owner's.
const READABLE = [
  'schema_version',
  'change',
  'vo',
  'ca',
  'member',
  'certificate',
  'vo_group',
  'role',
  'holding',
  'attribute_class',
  'member_attribute',
  'group_attribute',
  'role_attribute',
  'holdings',
  'attributes',
]

/** Lets a role read what `serve` and the reading commands need, and nothing else. Run by the owner. */
export async function grantReader(db: Database, role: string): Promise<void> {
  if (role === '' || role.includes('\0'))
    throw new DatabaseError('statement', 'the name of the role is empty')
  const name = `"${role.replaceAll('"', '""')}"`
  const tables = READABLE.map(table => `vouchd.${table}`).join(', ')
  await db.transaction(async tx => {
    await tx.query(`grant usage on schema vouchd to ${name}`)
    await tx.query(`grant select on ${tables} to ${name}`)
  })
}
