import { keyOfString } from '../../native-free/dn/keyOfString.ts'
import { onelineFromRfc2253 } from '../../native-free/dn/rfc2253.ts'
import { Refusal } from '../../native-free/refusal.ts'
import type { Queryable } from '../store/database.ts'
import { ImportError } from './ImportError.ts'
import { MODEL, type StagedRow, type StagingColumns } from './model.ts'
import { RowReader } from './RowReader.ts'
import type { SourceRow } from './RowSource.ts'
import { readOther } from './readOther.ts'
import type { SourceKind } from './SourceKind.ts'

const MARK = 'iam'

/** Tables of IAM that have to be joined before they fit the model. */
const IAM_TABLES = {
  iam_account: {
    id: 'text',
    uuid: 'text',
    username: 'text',
    active: 'boolean',
    user_info_id: 'text',
    created_at: 'timestamptz',
    ends_at: 'timestamptz',
    extra: 'jsonb',
  },
  iam_user_info: {
    id: 'text',
    given_name: 'text',
    surname: 'text',
    email: 'text',
    phone: 'text',
    extra: 'jsonb',
  },
  iam_certificate: {
    id: 'text',
    account_id: 'text',
    subject: 'text',
    subject_key: 'text',
    issuer: 'text',
    issuer_key: 'text',
    created_at: 'timestamptz',
    extra: 'jsonb',
  },
  iam_group: {
    id: 'text',
    uuid: 'text',
    name: 'text',
    parent_id: 'text',
    description: 'text',
    extra: 'jsonb',
  },
  iam_membership: { account_id: 'text', group_id: 'text', ends_at: 'timestamptz', extra: 'jsonb' },
  iam_attribute: { account_id: 'text', name: 'text', value: 'text' },
  iam_label: { owner: 'text', owner_id: 'text', prefix: 'text', name: 'text', value: 'text' },
} as const satisfies Record<string, StagingColumns>

type IamTable = keyof typeof IAM_TABLES | keyof typeof MODEL

/** INDIGO IAM's database. Passwords, tokens, keys and whatever else lets somebody in are left where they are. */
export const IAM: SourceKind = {
  name: 'iam',
  mark: MARK,
  title: 'INDIGO IAM',
  required: {
    iam_account: ['ID', 'UUID', 'USERNAME', 'active', 'user_info_id'],
    iam_user_info: ['ID', 'EMAIL', 'GIVENNAME', 'FAMILYNAME'],
    iam_x509_cert: ['ID', 'subject_dn', 'issuer_dn', 'ACCOUNT_ID'],
    iam_group: ['ID', 'UUID', 'name', 'parent_group_id'],
    iam_account_group: ['account_id', 'group_id'],
    iam_group_labels: ['NAME', 'PREFIX', 'group_id'],
  },
  staging: { ...MODEL, ...IAM_TABLES },
  keeps,
  toRow: toIamRow,
  prepare,
  resolution: 'iam',
}

/** Where Flyway keeps the schema's version, by its own version. */
const SCHEMA_TABLES = new Set(['schema_version', 'flyway_schema_history'])

/** Tables that hold keys or one-time secrets of users, those in letters to them included. */
const SECRET_TABLES = new Set([
  ...['iam_totp_mfa', 'iam_totp_recovery_code', 'iam_x509_proxy'],
  ...['iam_email_notification', 'iam_notification_receiver'],
])

function keeps(table: string): boolean {
  if (SCHEMA_TABLES.has(table)) return true
  return table.startsWith('iam_') && !SECRET_TABLES.has(table)
}

function toIamRow(source: SourceRow): StagedRow<IamTable> | undefined {
  const from = new RowReader(source, MARK)
  const { name } = source.table
  switch (name) {
    case 'iam_account':
      return { table: 'iam_account', row: readAccount(from) }
    case 'iam_user_info': {
      const row = { id: from.id('ID'), given_name: from.text('GIVENNAME'), surname: from.text('FAMILYNAME') }
      const more = { email: from.text('EMAIL'), phone: from.text('PHONENUMBER') }
      return { table: name, row: { ...row, ...more, extra: from.rest() } }
    }
    case 'iam_x509_cert':
      return { table: 'iam_certificate', row: readCertificate(from) }
    case 'iam_group': {
      const row = { id: from.id('ID'), uuid: from.text('UUID'), name: from.required('name') }
      const more = { parent_id: from.text('parent_group_id'), description: from.text('DESCRIPTION') }
      return { table: name, row: { ...row, ...more, extra: from.rest() } }
    }
    case 'iam_account_group': {
      const row = { account_id: from.id('account_id'), group_id: from.id('group_id') }
      const ends_at = from.time('end_time')
      // An end that is not enforced is kept there.
      return { table: 'iam_membership', row: { ...row, ends_at, extra: from.keep('end_time').rest() } }
    }
    case 'iam_account_attrs': {
      const row = { account_id: from.text('account_id'), name: from.required('NAME') }
      return { table: 'iam_attribute', row: { ...row, value: from.text('val') ?? '' } }
    }
    case 'iam_group_labels':
      return { table: 'iam_label', row: readLabel('group', from) }
    case 'iam_account_labels':
      return { table: 'iam_label', row: readLabel('account', from) }
    case 'schema_version':
    case 'flyway_schema_history':
      return {
        table: 'version',
        row: { version: /^[0-9]{1,9}/.exec(from.text('version') ?? '')?.[0] ?? null },
      }
    default:
      return keeps(name) ? readOther(source, from) : undefined
  }
}

function readAccount(from: RowReader): StagedRow['row'] {
  from.drop('PASSWORD', 'confirmation_key', 'reset_key')
  return {
    id: from.id('ID'),
    uuid: from.required('UUID'),
    username: from.text('USERNAME'),
    active: from.flag('active'),
    user_info_id: from.text('user_info_id'),
    created_at: from.time('CREATIONTIME'),
    ends_at: from.time('end_time'),
    extra: from.rest(),
  }
}

function readCertificate(from: RowReader): StagedRow['row'] {
  const subject = slashForm(from.text('subject_dn'))
  const issuer = slashForm(from.text('issuer_dn'))
  return {
    id: from.id('ID'),
    account_id: from.text('ACCOUNT_ID'),
    subject,
    subject_key: subject === null ? null : keyOfString(subject),
    issuer,
    issuer_key: issuer === null ? null : keyOfString(issuer),
    created_at: from.time('creation_time'),
    // Names are kept as IAM has them, too.
    extra: from.keep('subject_dn', 'issuer_dn').rest(),
  }
}

/** IAM's RFC 2253 text as one-line text; what cannot be converted stays as it is, and matches nobody. */
function slashForm(text: string | null): string | null {
  if (text === null) return null
  try {
    return onelineFromRfc2253(text)
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    return text
  }
}

function readLabel(owner: 'group' | 'account', from: RowReader): StagedRow['row'] {
  const row = { owner, owner_id: from.text(`${owner}_id`), prefix: from.text('PREFIX') }
  return { ...row, name: from.required('NAME'), value: from.text('val') }
}

// IAM numbers its schema in hundreds; what a site applies of its own, test data above all, comes far above.
const OWN_MIGRATIONS = 10_000

/** Joins what was staged into the model. Groups of another tree stay in it, to be reported. */
async function prepare(tx: Queryable, vo: string): Promise<number> {
  const [row] = await tx.query<{ version: number | null; known: boolean }>(
    `select (select max(version) from pg_temp.import_version where version < ${OWN_MIGRATIONS}) as version,
            exists (select from pg_temp.import_iam_group where name = $1) as known`,
    [vo],
  )
  if (row?.known !== true) {
    // A VO's group has others below it, which single it out among the many that have not.
    const groups = await tx.query<{ name: string }>(
      `select g.name from pg_temp.import_iam_group g where g.name !~ '/'
       order by not exists (select from pg_temp.import_iam_group below where starts_with(below.name, g.name || '/')), g.name
       limit 10`,
    )
    const found = groups.map(({ name }) => name).join(', ') || 'none'
    throw new ImportError('IMPORT_OTHER_VO', `the database has no group ${vo}; name one with --vo: ${found}`)
  }
  for (const statement of JOINS) await tx.query(statement, statement.includes('$1') ? [vo] : [])
  return row.version ?? 0
}

const IS_ROLE = `exists (select from pg_temp.import_iam_label l
  where l.owner = 'group' and l.owner_id = g.id and l.name = 'voms.role' and coalesce(l.prefix, '') = '')`

const JOINS = [
  `insert into pg_temp.import_usr (id, username, given_name, surname, email, phone, created_at, ends_at, suspended,
      suspended_reason, suspended_code, former_id, extra)
   select a.uuid, a.username, u.given_name, u.surname, u.email, u.phone, a.created_at, a.ends_at, not a.active,
     case when not a.active then 'the account is not active' end, case when not a.active then 'INACTIVE' end,
     (select max(l.value) from pg_temp.import_iam_label l where l.owner = 'account' and l.owner_id = a.id
        and l.prefix = 'voms.' || $1 and l.name = 'id'),
     jsonb_build_object('iam', coalesce(u.extra -> 'iam', '{}') || (a.extra -> 'iam')
       || jsonb_strip_nulls(jsonb_build_object('accountId', a.id, 'labels',
          (select jsonb_agg(jsonb_build_object('prefix', l.prefix, 'name', l.name, 'value', l.value)
             order by l.prefix, l.name, l.value)
           from pg_temp.import_iam_label l where l.owner = 'account' and l.owner_id = a.id))))
   from pg_temp.import_iam_account a left join pg_temp.import_iam_user_info u on u.id = a.user_info_id`,
  `insert into pg_temp.import_ca (id, subject, subject_key)
   select distinct issuer, issuer, issuer_key from pg_temp.import_iam_certificate where issuer <> ''`,
  `insert into pg_temp.import_certificate (id, usr_id, ca_id, subject, subject_key, suspended, created_at, extra)
   select c.id, coalesce(a.uuid, 'account ' || c.account_id), c.issuer, coalesce(c.subject, ''),
     coalesce(c.subject_key, ''), false, c.created_at, c.extra
   from pg_temp.import_iam_certificate c left join pg_temp.import_iam_account a on a.id = c.account_id`,
  `insert into pg_temp.import_vo_group (id, path, description, optional, extra)
   select g.id, '/' || g.name, g.description,
     exists (select from pg_temp.import_iam_label l where l.owner = 'group' and l.owner_id = g.id
       and l.name = 'wlcg.optional-group' and coalesce(l.prefix, '') = ''),
     jsonb_build_object('iam', coalesce(g.extra -> 'iam', '{}') || jsonb_build_object('uuid', g.uuid))
   from pg_temp.import_iam_group g where not ${IS_ROLE}`,
  // A role's own name is the last element; it is one role of the VO, wherever it is held.
  `insert into pg_temp.import_role (id, name, extra)
   select name, name, jsonb_build_object('iam', jsonb_build_object('groups', groups))
   from (select substring(g.name from '[^/]*$') as name,
           jsonb_agg(coalesce(g.extra -> 'iam', '{}') || jsonb_build_object('id', g.id, 'uuid', g.uuid,
             'name', g.name, 'description', g.description) order by g.name) as groups
         from pg_temp.import_iam_group g where ${IS_ROLE} and starts_with(g.name, $1 || '/') group by 1) r`,
  `insert into pg_temp.import_holding (group_id, role_id, usr_id, ends_at, extra)
   select case when role then coalesce(p.id, 'above ' || h.name) else h.group_id end,
          case when role then substring(h.name from '[^/]*$') end,
          coalesce(h.uuid, 'account ' || h.account_id), h.ends_at, h.extra
   from (select m.*, a.uuid, g.name, ${IS_ROLE} as role
         from pg_temp.import_iam_membership m
         left join pg_temp.import_iam_account a on a.id = m.account_id
         join pg_temp.import_iam_group g on g.id = m.group_id) h
   left join pg_temp.import_iam_group p on role and p.name = regexp_replace(h.name, '/[^/]*$', '')
   -- Roles of another tree are left out with their groups.
   where not role or starts_with(h.name, $1 || '/')`,
  `insert into pg_temp.import_class (id, name, unique_values)
   select distinct name, name, false from pg_temp.import_iam_attribute`,
  `insert into pg_temp.import_attribute (scope, usr_id, class_id, value)
   select 'member', a.uuid, t.name, t.value
   from pg_temp.import_iam_attribute t join pg_temp.import_iam_account a on a.id = t.account_id`,
  `insert into pg_temp.import_other (table_name, row_key, data)
   select 'iam_group_labels', concat_ws('/', owner_id, prefix, name),
     jsonb_agg(jsonb_build_object('NAME', name, 'PREFIX', prefix, 'val', value, 'group_id', owner_id))
   from pg_temp.import_iam_label where owner = 'group' group by 2`,
  ...Object.keys({ usr: 0, ca: 0, certificate: 0, vo_group: 0, role: 0, holding: 0, attribute: 0 }).map(
    table => `analyze pg_temp.import_${table}`,
  ),
]
