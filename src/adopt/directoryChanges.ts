import type { Queryable, Row } from '../store/database.ts'

/** One change that an import made, or in a dry run would make, to the directory. */
export interface DirectoryChange {
  readonly action: 'insert' | 'update' | 'delete'
  /** The table: member, certificate, holding, vo_group, ... */
  readonly kind: string
  /** What it is, for people: a subject, a path, a member and his group. */
  readonly what: string
  /** The columns that changed, or all that say something: null before an insert, and after a delete. */
  readonly before: Readonly<Record<string, unknown>> | null
  readonly after: Readonly<Record<string, unknown>> | null
  readonly reason: string
}

/** Where the audit of this transaction begins. */
export async function auditPosition(tx: Queryable): Promise<string> {
  const [row] = await tx.query<{ last: string }>('select coalesce(max(id), 0) as last from vouchd.audit')
  return String(row?.last ?? '0')
}

const PAGE = 500

const REASONS = {
  insert: 'the source has it',
  update: 'the source has it otherwise',
  delete: 'the source has it no more',
} as const

// Columns that say nothing to people: numbers of our own, and what was derived.
const SILENT = new Set([
  'id',
  'vo_id',
  'member_id',
  'group_id',
  'role_id',
  'class_id',
  'aup_id',
  'version_id',
  'parent_id',
  'subject_key',
  'issuer_key',
  'extra',
  'created_at',
])

interface ChangeRow extends Row {
  id: string
  kind: string
  action: DirectoryChange['action']
  before: Readonly<Record<string, unknown>> | null
  after: Readonly<Record<string, unknown>> | null
  what: string
}

/**
 * What this transaction changed since the position, in order, some at a time. A VO that was made in it has a
 * summary in the audit, so everything in that VO is told as inserted.
 */
export async function* directoryChanges(
  tx: Queryable,
  options: { readonly voId: string; readonly created: boolean; readonly since: string },
): AsyncGenerator<DirectoryChange> {
  if (options.created) {
    for (const table of TABLES) yield* pages(tx, insertedRows(table), [options.voId])
    return
  }
  yield* pages(tx, AUDITED, [options.since])
}

async function* pages(
  tx: Queryable,
  sql: string,
  parameters: readonly string[],
): AsyncGenerator<DirectoryChange> {
  let after = '0'
  for (;;) {
    const rows = await tx.query<ChangeRow>(`${sql} order by id limit ${PAGE}`, [...parameters, after])
    for (const row of rows) yield toChange(row)
    if (rows.length < PAGE) return
    after = String(rows.at(-1)!.id)
  }
}

function toChange({ kind, action, before, after, what }: ChangeRow): DirectoryChange {
  const differs = (name: string) =>
    action === 'update'
      ? JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name])
      : (before ?? after)?.[name] !== null
  const shown = (values: ChangeRow['before']) =>
    values &&
    Object.fromEntries(Object.entries(values).filter(([name]) => !SILENT.has(name) && differs(name)))
  return { action, kind, what, before: shown(before), after: shown(after), reason: REASONS[action] }
}

const TABLES = [
  ...['vo_group', 'role', 'attribute_class', 'member', 'certificate', 'holding'],
  ...[
    'member_attribute',
    'group_attribute',
    'role_attribute',
    'aup',
    'aup_version',
    'aup_signature',
    'acl',
    'request',
  ],
] as const

/** What a row is, for people, out of its JSON; names of what it refers to where that is still there. */
function nameOf(kind: string, row: string): string {
  const member = `coalesce((select coalesce(
        (select min(c.subject) from vouchd.certificate c where c.member_id = m.id), m.email, m.username, m.source_id, m.id::text)
      from vouchd.member m where m.id = (${row} ->> 'member_id')::bigint), 'member ' || (${row} ->> 'member_id'))`
  const group = `coalesce((select g.path from vouchd.vo_group g where g.id = (${row} ->> 'group_id')::bigint),
      'group ' || (${row} ->> 'group_id'))`
  const role = `coalesce('/Role=' || (select r.name from vouchd.role r where r.id = (${row} ->> 'role_id')::bigint), '')`
  const cls = `coalesce((select k.name from vouchd.attribute_class k where k.id = (${row} ->> 'class_id')::bigint), '')`
  return `case ${kind}
    when 'member' then coalesce(${row} ->> 'email', ${row} ->> 'username', '') || ' (' || coalesce(${row} ->> 'source_id', ${row} ->> 'id') || ')'
    when 'certificate' then ${row} ->> 'subject'
    when 'holding' then ${member} || ' in ' || ${group} || ${role}
    when 'member_attribute' then ${cls} || ' of ' || ${member}
    when 'group_attribute' then ${cls} || ' of ' || ${group}
    when 'role_attribute' then ${cls} || ' of ' || ${group} || ${role}
    when 'aup_signature' then ${member}
    when 'acl' then coalesce(${row} ->> 'principal', '') || ' in ' || ${group} || ${role}
    when 'request' then (${row} ->> 'kind') || ' ' || coalesce(${row} ->> 'subject', '')
    when 'vo_group' then ${row} ->> 'path'
    when 'ca' then ${row} ->> 'subject'
    else coalesce(${row} ->> 'name', ${row} ->> 'version', ${row} ->> 'id') end`
}

function insertedRows(table: string): string {
  return `select t.id, '${table}' as kind, 'insert' as action, null::jsonb as before, to_jsonb(t) as after,
      ${nameOf(`'${table}'`, 'to_jsonb(t)')} as what
    from vouchd.${table} t where t.vo_id = $1 and t.id > $2`
}

// Rows of other transactions may have become visible meanwhile: only those of this one count.
const AUDITED = `select a.id, a.kind, a.action, a.before, a.after,
    ${nameOf('a.kind', 'coalesce(a.after, a.before)')} as what
  from vouchd.audit a
  where a.id > $1 and a.id > $2 and a.rows_count is null
    and a.xmin::text = (pg_current_xact_id()::text::bigint & 4294967295)::text`
