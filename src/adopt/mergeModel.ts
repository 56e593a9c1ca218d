import type { Queryable } from '../store/database.ts'
import type { Decisions } from './decisions.ts'
import type { SourceKind } from './SourceKind.ts'

/** How many rows of one table were inserted, changed and deleted. */
export interface Changes {
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
}

export interface MergeOptions {
  readonly kind: SourceKind
  readonly decisions: Decisions
  /** Only the members of pg_temp.import_scope (source_id) are staged: the others are left alone. */
  readonly partial: boolean
}

// The source is a mirror image of what was imported from it: rows that it no longer has are deleted, and only
// rows that came from it (extra has its mark as a key) are touched. Rows that are the same are not written, so
// that a second import changes nothing. $1 is the VO's id everywhere.

/** Tells which groups and roles can be imported, and adds the groups that are missing above others. */
export async function prepareGroups(tx: Queryable, vo: string, { mark }: SourceKind): Promise<void> {
  await tx.query('alter table pg_temp.import_vo_group add usable boolean')
  await tx.query(
    `update pg_temp.import_vo_group set usable = path ~ '^(/[^/]+)+$' and path !~* '/(role|capability)='
       and octet_length(path) <= 2000 and (path = '/' || $1 or starts_with(path, '/' || $1 || '/'))`,
    [vo],
  )
  await tx.query(
    `with recursive above (path) as (
       select regexp_replace(path, '/[^/]*$', '') from pg_temp.import_vo_group where usable and path <> '/' || $1
       union
       select regexp_replace(path, '/[^/]*$', '') from above where path <> '/' || $1)
     insert into pg_temp.import_vo_group (path, usable, extra)
     select path, true, jsonb_build_object($2::text, '{}'::jsonb)
     from above where path not in (select path from pg_temp.import_vo_group where usable)`,
    [vo, mark],
  )
  await tx.query('alter table pg_temp.import_role add usable boolean')
  await tx.query(
    `update pg_temp.import_role set usable = name <> '' and name !~ '/' and octet_length(name) <= 2000`,
  )
}

/** Makes import_known_certificate, those whose CA and member are known, and import_final_certificate ready. */
export async function prepareCertificates(tx: Queryable): Promise<void> {
  await tx.query(
    `create temporary table import_known_certificate on commit drop as
     select c.*, a.subject as issuer, a.subject_key as issuer_key
     from pg_temp.import_certificate c
     join pg_temp.import_ca a on a.id = c.ca_id
     join pg_temp.import_usr u on u.id = c.usr_id
     where c.subject <> '' and a.subject <> ''`,
  )
  await tx.query(
    `create temporary table import_final_certificate on commit drop as
     select subject_key, issuer_key, (array_agg(subject order by id::bigint))[1] as subject,
            (array_agg(issuer order by id::bigint))[1] as issuer, min(usr_id) as usr_id,
            bool_or(suspended) as suspended, max(suspended_reason) filter (where suspended) as suspended_reason,
            max(suspended_code) filter (where suspended) as suspended_code, min(created_at) as created_at,
            (array_agg(extra order by id::bigint))[1] as extra
     from pg_temp.import_known_certificate k
     group by subject_key, issuer_key having count(distinct usr_id) = 1`,
  )
  await tx.query('analyze pg_temp.import_final_certificate')
}

// A source that knows of optional groups says so of each; another leaves what was set here.
const KNOWS_OPTIONAL = '(select bool_or(optional is not null) from pg_temp.import_vo_group)'

/** Takes out of the certificates those that belong to members who were not imported. */
async function leaveLocalCertificates(tx: Queryable, voId: string): Promise<void> {
  await tx.query(
    `delete from pg_temp.import_final_certificate f using vouchd.certificate c, vouchd.member m
     where c.vo_id = $1 and m.id = c.member_id and not m.extra ?| array['vomsAdmin', 'iam']
       and c.subject_key = f.subject_key and c.issuer_key = f.issuer_key`,
    [voId],
  )
}

/** Runs the steps of one table, and counts what they change. */
function merger(tx: Queryable, voId: string, changes: Record<string, Changes>): Merge {
  return async (table, steps, more = []) => {
    const deleted = steps.delete === undefined ? 0 : await count(tx, steps.delete, [voId])
    const written = await tx.query<{ inserted: boolean; rows: string }>(
      `with written as (${steps.upsert}) select inserted, count(*) as rows from written group by inserted`,
      // The CAs belong to no VO.
      table === 'ca' ? [] : [voId, ...more],
    )
    const rowsWhere = (inserted: boolean) => Number(written.find(row => row.inserted === inserted)?.rows ?? 0)
    changes[table] = { inserted: rowsWhere(true), updated: rowsWhere(false), deleted }
  }
}

/** Brings the members, groups, roles and attributes of one VO to what the prepared model says. */
export async function mergeModel(
  tx: Queryable,
  voId: string,
  options: MergeOptions,
): Promise<Readonly<Record<string, Changes>>> {
  const changes: Record<string, Changes> = {}
  const merge = merger(tx, voId, changes)
  await leaveLocalCertificates(tx, voId)
  await merge('ca', {
    upsert: `insert into vouchd.ca (subject, subject_key, description, created_at)
      select distinct on (subject) subject, subject_key, description, coalesce(created_at, now())
      from pg_temp.import_ca where subject <> ''
      on conflict (vouchd.fingerprint(subject)) do nothing returning true as inserted`,
  })
  await merge('vo_group', {
    upsert: `insert into vouchd.vo_group as t (vo_id, path, description, optional, extra)
      select distinct on (path collate "C") $1::bigint, path, description, coalesce(optional, false), extra
      from pg_temp.import_vo_group where usable order by path collate "C"
      on conflict (vo_id, path) do update set description = excluded.description,
        optional = case when ${KNOWS_OPTIONAL} then excluded.optional else t.optional end,
        extra = t.extra || excluded.extra
      where (t.description, t.optional, t.extra) is distinct from (excluded.description,
        case when ${KNOWS_OPTIONAL} then excluded.optional else t.optional end, t.extra || excluded.extra)
      returning xmax = 0 as inserted`,
  })
  await merge('role', {
    upsert: `insert into vouchd.role as t (vo_id, name, extra)
      select distinct on (name) $1::bigint, name, extra from pg_temp.import_role where usable
      on conflict (vo_id, name) do update set extra = t.extra || excluded.extra
      where t.extra is distinct from t.extra || excluded.extra
      returning xmax = 0 as inserted`,
  })
  await merge('attribute_class', {
    upsert: `insert into vouchd.attribute_class as t (vo_id, name, description, unique_values)
      select distinct on (name) $1::bigint, name, description, unique_values
      from pg_temp.import_class where name <> ''
      on conflict (vo_id, name) do update
      set description = excluded.description, unique_values = excluded.unique_values
      where (t.description, t.unique_values) is distinct from (excluded.description, excluded.unique_values)
      returning xmax = 0 as inserted`,
  })
  await takeOver(tx, voId, options)
  await mergeMembers(merge, options)
  await mergeHoldings(tx, merge, voId, options)
  await mergeAttributes(tx, merge, voId, options)
  changes['vo_group'] = { ...changes['vo_group']!, deleted: await count(tx, staleGroups(options), [voId]) }
  changes['role'] = { ...changes['role']!, deleted: await count(tx, staleRoles(options), [voId]) }
  return changes
}

/** Members whom the source took over from another server stay the same members here. */
async function takeOver(tx: Queryable, voId: string, { kind }: MergeOptions): Promise<void> {
  await tx.query(
    `update vouchd.member t set source_id = i.id, extra = t.extra - 'vomsAdmin'
       || jsonb_build_object('former', jsonb_build_object('sourceId', t.source_id) || (t.extra -> 'vomsAdmin'))
       || jsonb_build_object('${kind.mark}', '{}'::jsonb)
     from pg_temp.import_usr i
     where t.vo_id = $1 and t.source_id = i.former_id and t.extra ? 'vomsAdmin' and '${kind.mark}' <> 'vomsAdmin'
       and not exists (select from vouchd.member o where o.vo_id = $1 and o.source_id = i.id)`,
    [voId],
  )
}

/** What administration needs beside members: rows kept as they were, for whatever may read them later. */
export async function mergeOther(
  tx: Queryable,
  voId: string,
  { name }: SourceKind,
): Promise<Readonly<Record<string, Changes>>> {
  const changes: Record<string, Changes> = {}
  await merger(
    tx,
    voId,
    changes,
  )('imported_row', {
    delete: `delete from vouchd.imported_row t where t.vo_id = $1 and t.source = '${name}' and not exists (
        select from pg_temp.import_other i where i.table_name = t.table_name and i.row_key = t.row_key)`,
    upsert: `insert into vouchd.imported_row as t (vo_id, source, table_name, row_key, data)
      select distinct on (table_name, row_key) $1::bigint, '${name}', table_name, row_key, data
      from pg_temp.import_other
      on conflict (vo_id, source, table_name, row_key) do update set data = excluded.data
      where t.data is distinct from excluded.data
      returning xmax = 0 as inserted`,
  })
  return changes
}

type Merge = (
  table: string,
  steps: { delete?: string; upsert: string },
  more?: readonly string[],
) => Promise<void>

async function mergeMembers(merge: Merge, options: MergeOptions): Promise<void> {
  const { mark } = options.kind
  const inScope = scopeOf(options, 't')
  await merge(
    'member',
    {
      delete: `delete from vouchd.member t where t.vo_id = $1 and t.extra ? '${mark}' and ${inScope}
        and not exists (select from pg_temp.import_usr i where i.id = t.source_id)`,
      upsert: `insert into vouchd.member as t (vo_id, source_id, external_id, username, given_name, surname, institution,
          address, phone, email, created_at, ends_at, suspended, suspended_reason, suspended_code, extra)
        select $1::bigint, id, external_id, username, given_name, surname, institution, address, phone, email,
          coalesce(created_at, now()), ends_at, suspended and $2 = 'enforce', suspended_reason, suspended_code, extra
        from pg_temp.import_usr
        on conflict (vo_id, source_id) do update set external_id = excluded.external_id, username = excluded.username,
          given_name = excluded.given_name, surname = excluded.surname, institution = excluded.institution,
          address = excluded.address, phone = excluded.phone, email = excluded.email, ends_at = excluded.ends_at,
          suspended = excluded.suspended, suspended_reason = excluded.suspended_reason,
          suspended_code = excluded.suspended_code, extra = t.extra || excluded.extra
        where (t.external_id, t.username, t.given_name, t.surname, t.institution, t.address, t.phone, t.email, t.ends_at,
               t.suspended, t.suspended_reason, t.suspended_code, t.extra)
          is distinct from (excluded.external_id, excluded.username, excluded.given_name, excluded.surname, excluded.institution,
               excluded.address, excluded.phone, excluded.email, excluded.ends_at, excluded.suspended,
               excluded.suspended_reason, excluded.suspended_code, t.extra || excluded.extra)
        returning xmax = 0 as inserted`,
    },
    [options.decisions['suspended-member']],
  )
  await merge('certificate', {
    delete: `delete from vouchd.certificate t using vouchd.member m
      where t.vo_id = $1 and m.id = t.member_id and m.extra ? '${mark}' and ${scopeOf(options, 'm')} and not exists (
        select from pg_temp.import_final_certificate i
        where i.subject_key = t.subject_key and i.issuer_key = t.issuer_key)`,
    upsert: `insert into vouchd.certificate as t (vo_id, member_id, subject, subject_key, issuer, issuer_key,
        suspended, suspended_reason, suspended_code, created_at, extra)
      select $1::bigint, m.id, i.subject, i.subject_key, i.issuer, i.issuer_key, i.suspended, i.suspended_reason,
        i.suspended_code, coalesce(i.created_at, now()), i.extra
      from pg_temp.import_final_certificate i join vouchd.member m on m.vo_id = $1 and m.source_id = i.usr_id
      on conflict (vouchd.fingerprint(subject_key), vouchd.fingerprint(issuer_key), vo_id) do update set
        member_id = excluded.member_id, subject = excluded.subject, issuer = excluded.issuer,
        suspended = excluded.suspended, suspended_reason = excluded.suspended_reason,
        suspended_code = excluded.suspended_code, extra = t.extra || excluded.extra
      where (t.member_id, t.subject, t.issuer, t.suspended, t.suspended_reason, t.suspended_code, t.extra)
        is distinct from (excluded.member_id, excluded.subject, excluded.issuer, excluded.suspended,
          excluded.suspended_reason, excluded.suspended_code, t.extra || excluded.extra)
      returning xmax = 0 as inserted`,
  })
}

async function mergeHoldings(
  tx: Queryable,
  merge: Merge,
  voId: string,
  options: MergeOptions,
): Promise<void> {
  const { mark } = options.kind
  const enforced = options.decisions['holding-ended'] === 'enforce'
  const endsAt = enforced ? 'h.ends_at' : 'null::timestamptz'
  const sameEnd = enforced ? ' and i.ends_at is not distinct from t.ends_at' : ''
  // Zero for "no role": equality can be hashed, "is not distinct from" cannot, and there may be a million.
  await tx.query(
    `create temporary table import_final_holding on commit drop as
     select m.id as member_id, g.id as group_id, coalesce(r.id, 0) as role_id,
            max(${endsAt}) as ends_at, (array_agg(h.extra order by h.id::bigint))[1] as extra
     from pg_temp.import_holding h
     join vouchd.member m on m.vo_id = ${Number(voId)} and m.source_id = h.usr_id
     join pg_temp.import_vo_group ig on ig.id = h.group_id and ig.usable
     join vouchd.vo_group g on g.vo_id = ${Number(voId)} and g.path = ig.path
     left join pg_temp.import_role ir on ir.id = h.role_id and ir.usable
     left join vouchd.role r on r.vo_id = ${Number(voId)} and r.name = ir.name
     where h.role_id is null or r.id is not null
     group by m.id, g.id, coalesce(r.id, 0)`,
  )
  await tx.query('analyze pg_temp.import_final_holding')
  await merge('holding', {
    delete: `delete from vouchd.holding t using vouchd.member m
      where t.vo_id = $1 and m.id = t.member_id and m.extra ? '${mark}' and ${scopeOf(options, 'm')} and not exists (
        select from pg_temp.import_final_holding i where i.member_id = t.member_id
          and i.group_id = t.group_id and i.role_id = coalesce(t.role_id, 0)${sameEnd})`,
    upsert: `insert into vouchd.holding (vo_id, member_id, group_id, role_id, ends_at, extra)
      select $1::bigint, i.member_id, i.group_id, nullif(i.role_id, 0), i.ends_at, i.extra
      from pg_temp.import_final_holding i where not exists (
        select from vouchd.holding t where t.member_id = i.member_id and t.group_id = i.group_id
          and coalesce(t.role_id, 0) = i.role_id)
      returning true as inserted`,
  })
}

async function mergeAttributes(
  tx: Queryable,
  merge: Merge,
  voId: string,
  options: MergeOptions,
): Promise<void> {
  const { mark } = options.kind
  await tx.query(
    `create temporary table import_final_attribute on commit drop as
     select a.scope, m.id as member_id, g.id as group_id, r.id as role_id, k.id as class_id, max(a.value) as value
     from pg_temp.import_attribute a
     join pg_temp.import_class ic on ic.id = a.class_id
     join vouchd.attribute_class k on k.vo_id = ${Number(voId)} and k.name = ic.name
     left join vouchd.member m on m.vo_id = ${Number(voId)} and m.source_id = a.usr_id
     left join pg_temp.import_vo_group ig on ig.id = a.group_id and ig.usable
     left join vouchd.vo_group g on g.vo_id = ${Number(voId)} and g.path = ig.path
     left join pg_temp.import_role ir on ir.id = a.role_id and ir.usable
     left join vouchd.role r on r.vo_id = ${Number(voId)} and r.name = ir.name
     group by 1, 2, 3, 4, 5`,
  )
  for (const { table, scope, keys, owner } of ATTRIBUTE_TABLES) {
    const columns = [...keys, 'class_id'].join(', ')
    const same = [...keys, 'class_id'].map(key => `i.${key} = t.${key}`).join(' and ')
    const known = keys.map(key => `${key} is not null`).join(' and ')
    await merge(table, {
      delete: `delete from vouchd.${table} t using vouchd.${owner.table} o
        where t.vo_id = $1 and o.id = t.${owner.key} and o.extra ? '${mark}'
          and ${table === 'member_attribute' ? scopeOf(options, 'o') : 'true'} and not exists (
          select from pg_temp.import_final_attribute i where i.scope = '${scope}' and ${same})`,
      upsert: `insert into vouchd.${table} as t (vo_id, ${columns}, value)
        select $1::bigint, ${columns}, value from pg_temp.import_final_attribute
        where scope = '${scope}' and ${known}
        on conflict (${columns}) do update set value = excluded.value where t.value <> excluded.value
        returning xmax = 0 as inserted`,
    })
  }
}

const ATTRIBUTE_TABLES = [
  {
    table: 'member_attribute',
    scope: 'member',
    keys: ['member_id'],
    owner: { table: 'member', key: 'member_id' },
  },
  {
    table: 'group_attribute',
    scope: 'group',
    keys: ['group_id'],
    owner: { table: 'vo_group', key: 'group_id' },
  },
  {
    table: 'role_attribute',
    scope: 'role',
    keys: ['group_id', 'role_id'],
    owner: { table: 'role', key: 'role_id' },
  },
] as const

/** Whether a row of vouchd.member, by its alias, is one of those that are staged. */
function scopeOf({ partial }: MergeOptions, alias: string): string {
  return partial ? `${alias}.source_id in (select source_id from pg_temp.import_scope)` : 'true'
}

/** Imported groups that the source no longer has, unless something local hangs on them. */
function staleGroups({ kind: { mark } }: MergeOptions): string {
  return `delete from vouchd.vo_group t where t.vo_id = $1 and t.extra ? '${mark}'
  and not exists (select from pg_temp.import_vo_group i where i.usable and i.path = t.path)
  and not exists (select from vouchd.holding h where h.group_id = t.id)
  and not exists (select from vouchd.vo_group c where c.vo_id = $1 and starts_with(c.path, t.path || '/')
    and not (c.extra ? '${mark}'
      and not exists (select from pg_temp.import_vo_group i where i.usable and i.path = c.path)
      and not exists (select from vouchd.holding h where h.group_id = c.id)))`
}

function staleRoles({ kind: { mark } }: MergeOptions): string {
  return `delete from vouchd.role t where t.vo_id = $1 and t.extra ? '${mark}'
  and not exists (select from pg_temp.import_role i where i.usable and i.name = t.name)
  and not exists (select from vouchd.holding h where h.role_id = t.id)`
}

async function count(tx: Queryable, sql: string, parameters: readonly string[]): Promise<number> {
  const [row] = await tx.query<{ rows: string }>(
    `with gone as (${sql} returning 1) select count(*) as rows from gone`,
    parameters,
  )
  return Number(row?.rows ?? 0)
}
