/** Columns of a table with their PostgreSQL types. */
export type StagingColumns = Readonly<Record<string, string>>

/** A row on its way into a staging table: values in PostgreSQL's text form; columns left out are NULL. */
export interface StagedRow<Table extends string = string> {
  readonly table: Table
  readonly row: Readonly<Record<string, string | null>>
}

// The neutral model that every importer fills, in pg_temp.import_TABLE. Identifiers are the source's own, as text.
// What a source holds beyond the model goes into `extra`, under the source's mark, other tables into `other`, so
// that nothing is lost.

const certificate = {
  id: 'text',
  usr_id: 'text',
  ca_id: 'text',
  subject: 'text',
  subject_key: 'text',
  suspended: 'boolean',
  suspended_reason: 'text',
  suspended_code: 'text',
  created_at: 'timestamptz',
  extra: 'jsonb',
}

export const MODEL = {
  ca: { id: 'text', subject: 'text', subject_key: 'text', description: 'text', created_at: 'timestamptz' },
  usr: {
    id: 'text',
    username: 'text',
    given_name: 'text',
    surname: 'text',
    institution: 'text',
    address: 'text',
    phone: 'text',
    email: 'text',
    created_at: 'timestamptz',
    ends_at: 'timestamptz',
    suspended: 'boolean',
    suspended_reason: 'text',
    suspended_code: 'text',
    external_id: 'text',
    subject: 'text',
    subject_key: 'text',
    ca_id: 'text',
    // The member's id at the server that this source took him over from.
    former_id: 'text',
    extra: 'jsonb',
  },
  certificate,
  // optional NULL: the source does not know such groups.
  vo_group: { id: 'text', path: 'text', description: 'text', optional: 'boolean', extra: 'jsonb' },
  role: { id: 'text', name: 'text', extra: 'jsonb' },
  holding: {
    id: 'text',
    group_id: 'text',
    role_id: 'text',
    usr_id: 'text',
    ends_at: 'timestamptz',
    extra: 'jsonb',
  },
  class: { id: 'text', name: 'text', description: 'text', unique_values: 'boolean' },
  attribute: {
    scope: 'text',
    usr_id: 'text',
    group_id: 'text',
    role_id: 'text',
    class_id: 'text',
    value: 'text',
  },
  other: { table_name: 'text', row_key: 'text', data: 'jsonb' },
  version: { version: 'integer' },
} as const satisfies Record<string, StagingColumns>

/** The tables of the neutral model. */
export type ModelTable = keyof typeof MODEL
