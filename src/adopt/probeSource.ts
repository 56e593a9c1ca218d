import { type MysqlDatabase, type MysqlSelection, quote } from './mysqlDatabase.ts'
import type { SourceTable } from './RowSource.ts'

// What changed is found by checksums that the server itself computes, over every column that counts: one pass over
// each table and some hundred numbers on the wire. Nothing cheaper can be relied on: UPDATE_TIME of InnoDB tables
// is forgotten by a restart and cached for a day, counters of the server count what is not yet committed, the
// largest key and the number of rows do not tell of a suspension, and the binary log is for other eyes.

/** Which tables of a source a follower watches, and by which column rows belong to a member. */
export interface FollowPlan {
  /** Tables of whole members: the column that holds the member's number. */
  readonly members: Readonly<Record<string, string>>
  /** Small tables that every member may depend on. */
  readonly shared: readonly string[]
  /** In some shared tables, key and name: where a known key has another name, members have to be read again. */
  readonly names: Readonly<Record<string, readonly [key: string, name: readonly string[]]>>
  /** Tables of the acceptable use policy, watched where IAM's rules hold. */
  readonly policies: readonly string[]
  /** Columns that change all the time and say nothing about a membership. */
  readonly volatile: readonly string[]
}

/** Members by their number come in runs of so many: what is read again for one change. */
export const CHUNK_MEMBERS = 256

/** What a source looked like: digests, by table and by run of members. */
export interface Probe {
  readonly shared: Readonly<Record<string, string>>
  readonly names: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly chunks: Readonly<Record<string, string>>
}

/** Computes the digests, in the snapshot that the database is in. Throws SourceError. */
export async function probeSource(
  database: MysqlDatabase,
  plan: FollowPlan,
  withPolicies: boolean,
): Promise<Probe> {
  const shared: Record<string, string> = {}
  for (const name of [...plan.shared, ...(withPolicies ? plan.policies : [])]) {
    const table = database.tables.get(name)
    if (table === undefined) continue
    const [row] = await database.query(`SELECT ${digest(table, plan)} FROM ${quote(name)}`)
    shared[name] = digestText(row)
  }
  const names: Record<string, Record<string, string>> = {}
  for (const [name, [key, candidates]] of Object.entries(plan.names)) {
    const table = database.tables.get(name)
    const column = candidates.find(candidate => table?.columns.some(known => known.name === candidate))
    if (table === undefined || column === undefined) continue
    const rows = await database.query(`SELECT ${quote(key)} AS k, ${quote(column)} AS v FROM ${quote(name)}`)
    names[name] = Object.fromEntries(rows.map(({ k, v }) => [k ?? '', v ?? '']))
  }
  const chunks = new Map<string, string[]>()
  for (const [name, member] of Object.entries(plan.members)) {
    const table = database.tables.get(name)
    if (table === undefined) continue
    const rows = await database.query(
      `SELECT ${quote(member)} DIV ${CHUNK_MEMBERS} AS chunk, ${digest(table, plan)}
       FROM ${quote(name)} WHERE ${quote(member)} IS NOT NULL GROUP BY 1`,
    )
    for (const row of rows) {
      const parts = chunks.get(row['chunk']!) ?? []
      chunks.set(row['chunk']!, parts)
      parts.push(`${name}:${digestText(row)}`)
    }
  }
  return {
    shared,
    names,
    chunks: Object.fromEntries([...chunks].map(([chunk, parts]) => [chunk, parts.join(' ')])),
  }
}

/** Two sums of 32 bits and the number of rows: one change cannot leave all of them as they were by chance. */
function digest(table: SourceTable, { volatile }: FollowPlan): string {
  const columns = table.columns.filter(({ name }) => !volatile.includes(name))
  const parts = columns.map(({ name }) => `IFNULL(CAST(${quote(name)} AS BINARY), 0x00)`)
  const row = `CONCAT_WS(0x1f, ${parts.join(', ')})`
  return `COUNT(*) AS n, COALESCE(SUM(CRC32(${row})), 0) AS s, COALESCE(BIT_XOR(CRC32(CONCAT(${row}, 0x1e))), 0) AS x`
}

function digestText(row: Record<string, string | null> | undefined): string {
  return `${row?.['n']}.${row?.['s']}.${row?.['x']}`
}

/** How a source differs from what it was. */
export type Difference =
  | { readonly kind: 'none' }
  /** Only the members of these runs, and shared tables in ways that concern nobody else. */
  | { readonly kind: 'members'; readonly chunks: readonly string[] }
  | { readonly kind: 'everything'; readonly reason: string }

export function compareProbes(before: Probe, now: Probe): Difference {
  for (const [table, known] of Object.entries(before.names)) {
    const current = now.names[table] ?? {}
    const changed = Object.entries(known).some(([key, name]) => key in current && current[key] !== name)
    if (changed) return { kind: 'everything', reason: `a row of ${table} has another name` }
  }
  const chunks = [...new Set([...Object.keys(before.chunks), ...Object.keys(now.chunks)])].filter(
    chunk => before.chunks[chunk] !== now.chunks[chunk],
  )
  // The order of names is the database's own.
  const tables = new Set([...Object.keys(before.shared), ...Object.keys(now.shared)])
  const sharedChanged = [...tables].some(table => before.shared[table] !== now.shared[table])
  if (chunks.length === 0 && !sharedChanged) return { kind: 'none' }
  return { kind: 'members', chunks: chunks.sort((a, b) => Number(a) - Number(b)) }
}

/** What has to be read for these runs of members, or for all (undefined). */
export function selectTables(
  plan: FollowPlan,
  chunks: readonly string[] | undefined,
  withPolicies: boolean,
): MysqlSelection[] {
  const shared = [...plan.shared, ...(withPolicies ? plan.policies : [])].map(table => ({ table }))
  const members = Object.entries(plan.members).map(([table, column]) =>
    chunks === undefined ? { table } : { table, where: whereChunks(column, chunks) },
  )
  return [...shared, ...members]
}

function whereChunks(column: string, chunks: readonly string[]): string {
  if (chunks.length === 0) return 'FALSE'
  const ranges = chunks.map(chunk => {
    const from = Number(chunk) * CHUNK_MEMBERS
    return `${quote(column)} BETWEEN ${from} AND ${from + CHUNK_MEMBERS - 1}`
  })
  return `(${ranges.join(' OR ')})`
}

/** Every number that a member of these runs may have. */
export function chunkMembers(chunks: readonly string[]): string[] {
  return chunks.flatMap(chunk =>
    Array.from({ length: CHUNK_MEMBERS }, (_, n) => String(Number(chunk) * CHUNK_MEMBERS + n)),
  )
}
