import type { Queryable } from '../store/database.ts'
import type { Changes } from './mergeModel.ts'
import type { SourceKind } from './SourceKind.ts'

// Policies, access control lists and requests, out of the rows that a source has beside its members: first into
// temporary tables of one shape, then into the directory's. `d` is a row's data. $1 is the VO's id everywhere.

type Tables = Readonly<Record<'aup' | 'version' | 'signature' | 'acl' | 'request', string>>

const rowsOf = (table: string, alias: string) =>
  `(select data from pg_temp.import_other where table_name = '${table}') ${alias}`
const time = (expression: string) => `nullif(left(${expression}, 4), '0000') is not null`
/** MySQL's date text, as UTC; its zero date is none. */
const at = (expression: string) =>
  `case when ${time(expression)} then (${expression} || '+00')::timestamptz end`
const whole = (expression: string) =>
  `case when ${expression} ~ '^-?[0-9]{1,9}$' then (${expression})::int end`

const VOMS_ADMIN_TABLES: Tables = {
  aup: `select d.data ->> 'id' as source_id, coalesce(d.data ->> 'name', '') as name,
          d.data ->> 'description' as description,
          greatest(coalesce(${whole(`d.data ->> 'reacceptancePeriod'`)}, 0), 0) as validity_days,
          null::timestamptz as created_at
        from ${rowsOf('aup', 'd')}`,
  version: `select d.data ->> 'id' as source_id, d.data ->> 'aup_id' as aup, coalesce(d.data ->> 'version', '') as version,
          d.data ->> 'url' as url, d.data ->> 'text' as body, coalesce((d.data ->> 'active')::boolean, false) as active,
          ${at(`d.data ->> 'lastForcedReacceptanceTime'`)} as effective_from,
          ${at(`d.data ->> 'creationTime'`)} as created_at
        from ${rowsOf('aup_version', 'd')}`,
  signature: `select d.data ->> 'id' as source_id, d.data ->> 'aup_version_id' as version, d.data ->> 'usr_id' as member,
          ${at(`d.data ->> 'last_acceptance_date'`)} as signed_at, coalesce((d.data ->> 'valid')::boolean, true) as valid
        from ${rowsOf('aup_acc_record', 'd')}`,
  acl: `select concat_ws('/', p.data ->> 'acl_id', p.data ->> 'admin_id') as source_id, g.path, r.name as role,
          coalesce((l.data ->> 'defaultACL')::boolean, false) as is_default, a.data ->> 'dn' as principal,
          c.subject as principal_issuer, (p.data ->> 'permissions')::bigint as permissions, null as authority
        from ${rowsOf('acl2_permissions', 'p')}
        join ${rowsOf('acl2', 'l')} on l.data ->> 'acl_id' = p.data ->> 'acl_id'
        join ${rowsOf('admins', 'a')} on a.data ->> 'adminid' = p.data ->> 'admin_id'
        join pg_temp.import_vo_group g on g.id = l.data ->> 'group_id'
        left join pg_temp.import_role r on r.id = l.data ->> 'role_id'
        left join pg_temp.import_ca c on c.id = a.data ->> 'ca'
        where l.data ->> 'role_id' is null or r.usable`,
  request: `select q.data ->> 'request_id' as source_id, k.kind, coalesce(q.data ->> 'status', '') as status,
          coalesce(jsonb_strip_nulls(i.data), '{}') as requester, coalesce(k.subject, i.data ->> 'certificateSubject') as subject,
          coalesce(k.issuer, i.data ->> 'certificateIssuer') as issuer, k.fqgroup, k.role,
          coalesce(k.reason, q.data ->> 'user_message') as reason, q.data ->> 'approver_dn' as decided_by,
          ${at(`q.data ->> 'creationDate'`)} as created_at, ${at(`q.data ->> 'expirationDate'`)} as expires_at,
          ${at(`q.data ->> 'completionDate'`)} as completed_at
        from ${rowsOf('req', 'q')}
        join (
          select data ->> 'request_id' as id, 'membership' as kind, null as subject, null as issuer, null as fqgroup,
                 null as role, null as reason from ${rowsOf('vo_membership_req', 'x')}
          union all select data ->> 'request_id', 'group', null, null, data ->> 'groupName', null, null
            from ${rowsOf('group_membership_req', 'x')}
          union all select data ->> 'request_id', 'role', null, null, data ->> 'groupName', data ->> 'roleName', null
            from ${rowsOf('role_membership_req', 'x')}
          union all select data ->> 'request_id', 'certificate', data ->> 'certificateSubject',
                 data ->> 'certificateIssuer', null, null, null from ${rowsOf('certificate_request', 'x')}
          union all select data ->> 'request_id', 'removal', null, null, null, null, data ->> 'reason'
            from ${rowsOf('membership_rem_req', 'x')}
        ) k on k.id = q.data ->> 'request_id'
        left join ${rowsOf('requester_info', 'i')} on i.data ->> 'id' = q.data ->> 'requester_info_id'`,
}

const IAM_TABLES: Tables = {
  aup: `select d.data ->> 'ID' as source_id, coalesce(d.data ->> 'name', '') as name,
          d.data ->> 'description' as description,
          greatest(coalesce(${whole(`d.data ->> 'sig_validity_days'`)}, 0), 0) as validity_days,
          ${at(`d.data ->> 'creation_time'`)} as created_at
        from ${rowsOf('iam_aup', 'd')}`,
  // IAM has one text, whose last change asks everybody to sign again.
  version: `select d.data ->> 'ID' as source_id, d.data ->> 'ID' as aup, '1' as version, d.data ->> 'url' as url,
          d.data ->> 'text' as body, true as active, ${at(`d.data ->> 'last_update_time'`)} as effective_from,
          ${at(`d.data ->> 'creation_time'`)} as created_at
        from ${rowsOf('iam_aup', 'd')}`,
  signature: `select d.data ->> 'ID' as source_id, d.data ->> 'aup_id' as version, a.uuid as member,
          ${at(`d.data ->> 'signature_time'`)} as signed_at, true as valid
        from ${rowsOf('iam_aup_signature', 'd')}
        join pg_temp.import_iam_account a on a.id = d.data ->> 'account_id'`,
  acl: `select concat_ws('/', d.data ->> 'account_id', d.data ->> 'authority_id') as source_id, g.path, null as role,
          false as is_default, coalesce(a.username, a.uuid) as principal, null as principal_issuer,
          null::bigint as permissions, y.data ->> 'auth' as authority
        from ${rowsOf('iam_account_authority', 'd')}
        join ${rowsOf('iam_authority', 'y')} on y.data ->> 'ID' = d.data ->> 'authority_id'
        join pg_temp.import_iam_account a on a.id = d.data ->> 'account_id'
        join pg_temp.import_vo_group g on
          y.data ->> 'auth' = 'ROLE_ADMIN' and g.path = (select '/' || name from vouchd.vo where id = $1)
          or y.data ->> 'auth' = 'ROLE_GM:' || (g.extra #>> '{iam,uuid}')`,
  request: `select d.data ->> 'UUID' as source_id, 'group' as kind, coalesce(d.data ->> 'STATUS', '') as status,
          jsonb_strip_nulls(jsonb_build_object('account', a.uuid, 'username', a.username)) as requester,
          null as subject, null as issuer, '/' || g.name as fqgroup, null as role,
          coalesce(d.data ->> 'MOTIVATION', d.data ->> 'NOTES') as reason, null as decided_by,
          ${at(`d.data ->> 'CREATIONTIME'`)} as created_at, null::timestamptz as expires_at,
          null::timestamptz as completed_at
        from ${rowsOf('iam_group_request', 'd')}
        left join pg_temp.import_iam_account a on a.id = d.data ->> 'ACCOUNT_ID'
        left join pg_temp.import_iam_group g on g.id = d.data ->> 'GROUP_ID'
        union all
        select d.data ->> 'UUID', 'membership', coalesce(d.data ->> 'STATUS', ''),
          jsonb_strip_nulls(jsonb_build_object('account', a.uuid, 'username', a.username)), null, null, null, null,
          d.data ->> 'notes', null, ${at(`d.data ->> 'CREATIONTIME'`)}, null, null
        from ${rowsOf('iam_reg_request', 'd')}
        left join pg_temp.import_iam_account a on a.id = d.data ->> 'ACCOUNT_ID'`,
}

/** Each table of the directory: its rows out of the temporary one, what makes two the same, and what may change. */
const MERGES = [
  {
    table: 'aup',
    from: `select distinct on (name) source_id, name, description, validity_days, created_at
           from pg_temp.import_final_aup order by name, source_id`,
    key: ['name'],
    values: ['source_id', 'description', 'validity_days'],
  },
  {
    table: 'aup_version',
    from: `select distinct on (a.id, i.version) a.id as aup_id, i.version, i.source_id, i.url, i.body, i.active,
             i.effective_from, i.created_at
           from pg_temp.import_final_version i
           join vouchd.aup a on a.vo_id = $1 and a.source_id = i.aup order by a.id, i.version, i.source_id`,
    key: ['aup_id', 'version'],
    values: ['source_id', 'url', 'body', 'active', 'effective_from'],
  },
  {
    table: 'aup_signature',
    from: `select distinct on (m.id, v.id) m.id as member_id, v.id as version_id, i.source_id, i.signed_at, i.valid
           from pg_temp.import_final_signature i
           join vouchd.member m on m.vo_id = $1 and m.source_id = i.member
           join vouchd.aup_version v on v.vo_id = $1 and v.source_id = i.version
           where i.signed_at is not null order by m.id, v.id, i.signed_at desc`,
    key: ['member_id', 'version_id'],
    values: ['source_id', 'signed_at', 'valid'],
  },
  {
    table: 'acl',
    from: `select distinct on (i.source_id) i.source_id, g.id as group_id, r.id as role_id, i.is_default, i.principal,
             i.principal_issuer, i.permissions, i.authority
           from pg_temp.import_final_acl i
           join vouchd.vo_group g on g.vo_id = $1 and g.path = i.path
           left join vouchd.role r on r.vo_id = $1 and r.name = i.role
           where i.principal is not null order by i.source_id`,
    key: ['source_id'],
    values: [
      'group_id',
      'role_id',
      'is_default',
      'principal',
      'principal_issuer',
      'permissions',
      'authority',
    ],
  },
  {
    table: 'request',
    from: `select distinct on (i.source_id) i.* from pg_temp.import_final_request i order by i.source_id`,
    key: ['source_id'],
    values: [
      ...['kind', 'status', 'requester', 'subject', 'issuer', 'fqgroup', 'role', 'reason', 'decided_by'],
      ...['created_at', 'expires_at', 'completed_at'],
    ],
  },
] as const

/** Whether a row has a creation time that the database fills in where the source has none. */
const HAS_CREATED = new Set<string>(['aup', 'aup_version'])

/** Brings policies and signatures, and access control lists and requests, of one VO to what the source says. */
export async function mergePolicies(
  tx: Queryable,
  voId: string,
  kind: SourceKind,
  onlyPolicies = false,
): Promise<Readonly<Record<string, Changes>>> {
  const tables = kind.name === 'iam' ? IAM_TABLES : VOMS_ADMIN_TABLES
  const merges = MERGES.filter(({ table }) => !onlyPolicies || table.startsWith('aup'))
  for (const [name, sql] of Object.entries(tables)) {
    if (onlyPolicies && (name === 'acl' || name === 'request')) continue
    await tx.query(
      `create temporary table import_final_${name} on commit drop as ${sql.replaceAll('$1', String(Number(voId)))}`,
    )
  }
  const changes: Record<string, Changes> = {}
  for (const merge of merges) changes[merge.table] = await mergeTable(tx, voId, kind.mark, merge)
  return changes
}

async function mergeTable(
  tx: Queryable,
  voId: string,
  mark: string,
  { table, from, key, values }: (typeof MERGES)[number],
): Promise<Changes> {
  const columns = [...key, ...values]
  const created = HAS_CREATED.has(table)
  const [gone] = await tx.query<{ rows: string }>(
    `with i as (${from}),
      gone as (delete from vouchd.${table} t where t.vo_id = $1 and t.extra ? '${mark}' and not exists (
        select from i where ${key.map(name => `i.${name} = t.${name}`).join(' and ')}) returning 1)
     select count(*) as rows from gone`,
    [voId],
  )
  const written = await tx.query<{ inserted: boolean; rows: string }>(
    `with i as (${from}),
      written as (
        insert into vouchd.${table} as t (vo_id, ${columns.join(', ')}, extra${created ? ', created_at' : ''})
        select $1::bigint, ${columns.map(name => `i.${name}`).join(', ')}, '{"${mark}": {}}'
               ${created ? ', coalesce(i.created_at, now())' : ''} from i
        on conflict (${[...(table === 'aup' || key[0] === 'source_id' ? ['vo_id'] : []), ...key].join(', ')})
        do update set ${values.map(name => `${name} = excluded.${name}`).join(', ')}
        where (${values.map(name => `t.${name}`).join(', ')})
          is distinct from (${values.map(name => `excluded.${name}`).join(', ')})
        returning xmax = 0 as inserted)
     select inserted, count(*) as rows from written group by inserted`,
    [voId],
  )
  const rows = (inserted: boolean) => Number(written.find(row => row.inserted === inserted)?.rows ?? 0)
  return { inserted: rows(true), updated: rows(false), deleted: Number(gone?.rows ?? 0) }
}
