import { keyOfString } from '../../native-free/dn/keyOfString.ts'
import type { Queryable, SqlValue } from '../store/database.ts'
import { AdminError, shown } from './AdminError.ts'

/** One row of the audit table: who changed what, when, why, from what to what. */
export interface RecordedChange {
  readonly id: string
  readonly at: Date
  readonly actor: string
  readonly reason: string | undefined
  readonly action: 'insert' | 'update' | 'delete' | 'truncate'
  /** The table: member, certificate, holding ... */
  readonly kind: string
  readonly rowId: string | undefined
  readonly vo: string | undefined
  readonly member: string | undefined
  readonly before: Readonly<Record<string, unknown>> | undefined
  readonly after: Readonly<Record<string, unknown>> | undefined
  /** In a summary, how many rows the statement changed. */
  readonly rows: number | undefined
  /** What the row is about, by name: an FQAN, a subject, a role; as far as it is known. */
  readonly about: string | undefined
}

export interface ChangesFilter {
  readonly vo?: string
  /** Number of a member, gone ones included, or the subject of a certificate that is or was his. */
  readonly member?: string
  readonly since?: Date
  readonly limit: number
}

/** The last changes that pass the filter, the oldest first. For the database's owner: the audit is his. */
export async function listChanges(db: Queryable, filter: ChangesFilter): Promise<RecordedChange[]> {
  const conditions: string[] = []
  const values: SqlValue[] = []
  const where = (condition: string, value: SqlValue) => {
    values.push(value)
    conditions.push(condition.replace('?', `$${values.length}`))
  }
  if (filter.vo !== undefined) where('vo_id = any(?::bigint[])', await voIds(db, filter.vo))
  if (filter.member !== undefined) where('member_id = any(?::bigint[])', await memberIds(db, filter.member))
  if (filter.since !== undefined) where('at >= ?::timestamptz', filter.since)
  values.push(filter.limit)
  const rows = await db.query(
    `select a.* from vouchd.audit a ${conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`}
     order by id desc limit $${values.length}`,
    values,
  )
  const changes = rows.reverse()
  const names = await loadNames(db, changes)
  return changes.map(row => ({
    id: row['id'] as string,
    at: row['at'] as Date,
    actor: row['actor'] as string,
    reason: (row['reason'] as string | null) ?? undefined,
    action: row['action'] as RecordedChange['action'],
    kind: row['kind'] as string,
    rowId: (row['row_id'] as string | null) ?? undefined,
    vo: names('vo', row['vo_id']),
    member: (row['member_id'] as string | null) ?? undefined,
    before: (row['before'] as RecordedChange['before'] | null) ?? undefined,
    after: (row['after'] as RecordedChange['after'] | null) ?? undefined,
    rows: row['rows_count'] === null ? undefined : Number(row['rows_count']),
    about: aboutOf(row, names),
  }))
}

/** Every VO that is or was called so. */
async function voIds(db: Queryable, name: string): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `select id from vouchd.vo where name = $1
     union select row_id from vouchd.audit where kind = 'vo' and (before ->> 'name' = $1 or after ->> 'name' = $1)
       and row_id is not null`,
    [name],
  )
  if (rows.length === 0) {
    throw new AdminError(
      'ADMIN_NOT_FOUND',
      `there is and was no VO ${shown(name)}`,
      'vouchd vo list prints those there are',
    )
  }
  return rows.map(row => row.id)
}

async function memberIds(db: Queryable, member: string): Promise<string[]> {
  if (/^[0-9]{1,18}$/.test(member)) return [member]
  const rows = await db.query<{ id: string }>(
    `select member_id as id from vouchd.certificate where subject_key = $1
     union select member_id from vouchd.audit where kind = 'certificate' and member_id is not null
       and (before ->> 'subject_key' = $1 or after ->> 'subject_key' = $1)`,
    [keyOfString(member.slice(0, 2000))],
  )
  if (rows.length > 0) return rows.map(row => row.id)
  throw new AdminError(
    'ADMIN_NOT_FOUND',
    `there is and was no member ${shown(member)}`,
    "name the member's number, or the subject of a certificate in slash form",
  )
}

const NAMED = {
  vo: 'name',
  vo_group: 'path',
  role: 'name',
  attribute_class: 'name',
} as const
type Named = keyof typeof NAMED

type Names = (kind: Named, id: unknown) => string | undefined

/** Names of the VOs, groups, roles and attributes that the rows refer to, gone ones from the audit itself. */
async function loadNames(db: Queryable, rows: readonly Readonly<Record<string, unknown>>[]): Promise<Names> {
  const wanted: Record<Named, Set<string>> = {
    vo: new Set(),
    vo_group: new Set(),
    role: new Set(),
    attribute_class: new Set(),
  }
  const want = (kind: Named, id: unknown) => {
    if (id !== null && id !== undefined) wanted[kind].add(String(id))
  }
  for (const row of rows) {
    want('vo', row['vo_id'])
    const data = dataOf(row)
    want('vo_group', data['group_id'])
    want('role', data['role_id'])
    want('attribute_class', data['class_id'])
  }
  const names = new Map<string, string>()
  for (const [kind, column] of Object.entries(NAMED) as [Named, string][]) {
    if (wanted[kind].size === 0) continue
    const found = await db.query<{ id: string; name: string }>(
      `select distinct on (row_id) row_id as id, coalesce(after, before) ->> '${column}' as name
       from vouchd.audit where kind = '${kind}' and row_id = any($1::bigint[]) order by row_id, id desc`,
      [[...wanted[kind]]],
    )
    // Rows of an import that left only a summary are known from the table alone.
    const present = await db.query<{ id: string; name: string }>(
      `select id, ${column} as name from vouchd.${kind} where id = any($1::bigint[])`,
      [[...wanted[kind]]],
    )
    for (const { id, name } of [...found, ...present]) names.set(`${kind} ${id}`, name)
  }
  return (kind, id) => (id === null || id === undefined ? undefined : names.get(`${kind} ${id}`))
}

function dataOf(row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return (row['after'] ?? row['before'] ?? {}) as Record<string, unknown>
}

function aboutOf(row: Readonly<Record<string, unknown>>, names: Names): string | undefined {
  const data = dataOf(row)
  const text = (key: string) => (typeof data[key] === 'string' ? (data[key] as string) : undefined)
  const group = names('vo_group', data['group_id'])
  const role = names('role', data['role_id'])
  const fqan = role === undefined ? group : `${group ?? ''}/Role=${role}`
  const attribute = names('attribute_class', data['class_id'])
  switch (row['kind']) {
    case 'certificate':
    case 'ca':
      return text('subject')
    case 'vo_group':
      return text('path')
    case 'holding':
      return fqan
    case 'acl':
      return [text('principal'), fqan].filter(part => part !== undefined).join(' in ') || undefined
    case 'member_attribute':
      return attribute
    case 'group_attribute':
    case 'role_attribute':
      return [attribute, fqan].filter(part => part !== undefined).join(' of ') || undefined
    case 'member':
      return [text('given_name'), text('surname')].filter(Boolean).join(' ') || text('email')
    default:
      return text('name')
  }
}
