import { keyOfString } from '../../native-free/dn/keyOfString.ts'
import type { Queryable } from '../store/database.ts'
import { ImportError } from './ImportError.ts'
import { MODEL, type ModelTable, type StagedRow } from './model.ts'
import { RowReader } from './RowReader.ts'
import type { SourceRow } from './RowSource.ts'
import { readOther } from './readOther.ts'
import type { SourceKind } from './SourceKind.ts'

const MARK = 'vomsAdmin'

/** VOMS Admin's database, schema versions 2 and 3. */
export const VOMS_ADMIN: SourceKind = {
  name: 'voms-admin',
  mark: MARK,
  title: 'VOMS Admin',
  required: {
    version: ['version'],
    ca: ['cid'],
    usr: ['userid'],
    groups: ['gid', 'dn'],
    roles: ['rid', 'role'],
    m: ['gid', 'rid', 'userid'],
  },
  staging: MODEL,
  keeps: () => true,
  toRow: toModelRow,
  prepare,
  resolution: 'vomsd',
}

/**
 * One row of VOMS Admin's database as a row of the model. Throws ImportError IMPORT_VALUE for a column that is missing or
 * holds what it cannot.
 */
function toModelRow(source: SourceRow): StagedRow<ModelTable> {
  const from = new RowReader(source, MARK)
  switch (source.table.name) {
    case 'version':
      return { table: 'version', row: { version: from.number('version') } }
    case 'ca':
      return { table: 'ca', row: readCa(from) }
    case 'usr':
      return { table: 'usr', row: readUser(from) }
    case 'certificate':
      return { table: 'certificate', row: readCertificate(from) }
    // Managers, and access control lists, refer to groups and roles by their numbers.
    case 'groups': {
      const row = { id: from.id('gid'), path: from.required('dn'), description: from.text('description') }
      return { table: 'vo_group', row: { ...row, extra: from.keep('gid').rest(['parent']) } }
    }
    case 'roles':
      return {
        table: 'role',
        row: { id: from.id('rid'), name: from.required('role'), extra: from.keep('rid').rest() },
      }
    case 'm': {
      const row = { group_id: from.id('gid'), role_id: from.text('rid'), usr_id: from.id('userid') }
      return { table: 'holding', row: { id: from.text('mapping_id'), ...row, extra: from.rest() } }
    }
    case 'attributes': {
      const row = { id: from.id('a_id'), name: from.required('a_name'), description: from.text('a_desc') }
      return { table: 'class', row: { ...row, unique_values: from.flag('a_uniq') } }
    }
    case 'usr_attrs':
      return { table: 'attribute', row: readAttribute('member', from) }
    case 'group_attrs':
      return { table: 'attribute', row: readAttribute('group', from) }
    case 'role_attrs':
      return { table: 'attribute', row: readAttribute('role', from) }
    default:
      return readOther(source, from)
  }
}

function readCa(from: RowReader): StagedRow['row'] {
  // Version 2 has the subject in a column of the table's own name.
  const subject = from.text('subject_string') ?? from.required('ca')
  return {
    id: from.id('cid'),
    subject,
    subject_key: keyOfString(subject),
    description: from.text('description') ?? from.text('cadescr'),
    created_at: from.time('creation_time'),
  }
}

function readUser(from: RowReader): StagedRow['row'] {
  const subject = from.text('dn')
  return {
    id: from.id('userid'),
    given_name: from.text('name'),
    surname: from.text('surname'),
    institution: from.text('institution'),
    address: from.text('address'),
    phone: from.text('phone_number'),
    email: from.text('email_address') ?? from.text('mail'),
    created_at: from.time('creation_time'),
    ends_at: from.time('end_time'),
    suspended: from.flag('suspended'),
    suspended_reason: from.text('suspension_reason'),
    suspended_code: from.text('suspension_reason_code'),
    external_id: from.text('orgdb_id'),
    subject,
    subject_key: subject === null ? null : keyOfString(subject),
    ca_id: from.text('ca'),
    // Version 3 has certificates in a table of their own, and may still have another here.
    extra: from.keep('dn', 'ca').rest(),
  }
}

function readCertificate(from: RowReader): StagedRow['row'] {
  const subject = from.required('subject_string')
  return {
    id: from.id('id'),
    usr_id: from.id('usr_id'),
    ca_id: from.id('ca_id'),
    subject,
    subject_key: keyOfString(subject),
    suspended: from.flag('suspended'),
    suspended_reason: from.text('suspended_reason'),
    suspended_code: from.text('suspension_reason_code'),
    created_at: from.time('creation_time'),
    extra: from.rest(),
  }
}

function readAttribute(scope: 'member' | 'group' | 'role', from: RowReader): StagedRow['row'] {
  return {
    scope,
    usr_id: scope === 'member' ? from.id('u_id') : null,
    group_id: scope === 'member' ? null : from.id('g_id'),
    role_id: scope === 'role' ? from.id('r_id') : null,
    class_id: from.id('a_id'),
    value: from.text('a_value') ?? '',
  }
}

/** Checks the schema version, and that the database is this VO's. */
async function prepare(tx: Queryable, vo: string): Promise<number> {
  const [row] = await tx.query<{ version: number | null }>(
    'select max(version) as version from pg_temp.import_version',
  )
  const version = row?.version ?? 0
  if (version !== 2 && version !== 3) {
    throw new ImportError(
      'IMPORT_VERSION',
      `VOMS Admin schema version ${version} is not known: it has to be 2 or 3`,
    )
  }
  const roots = await tx.query<{ path: string }>(
    `select path from pg_temp.import_vo_group where path !~ '^/.*/' order by path limit 10`,
  )
  if (!roots.some(({ path }) => path === `/${vo}`)) {
    const found = roots.map(({ path }) => path).join(', ') || 'none'
    throw new ImportError('IMPORT_OTHER_VO', `the database has no group /${vo}; its root group is ${found}`)
  }
  // CAs belong to no VO here: what refers to one by its number is told by these.
  await tx.query(
    `insert into pg_temp.import_other (table_name, row_key, data)
     select 'ca', id, jsonb_build_object('cid', id, 'subject_string', subject, 'description', description,
       'creation_time', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
     from pg_temp.import_ca`,
  )
  if (version === 2) {
    // Version 2 has one certificate a member, in the member's own row, and no suspension.
    await tx.query(
      `insert into pg_temp.import_certificate (id, usr_id, ca_id, subject, subject_key, suspended, created_at, extra)
       select id, id, ca_id, subject, subject_key, false, created_at, '{"vomsAdmin": {}}'
       from pg_temp.import_usr where subject is not null`,
    )
  }
  return version
}
