import type { Queryable, Row } from './database.ts'

/** One line of `member list`. */
export interface MemberSummary {
  readonly id: string
  readonly vo: string
  readonly givenName: string | undefined
  readonly surname: string | undefined
  readonly email: string | undefined
  /** Subject of the oldest certificate. */
  readonly subject: string | undefined
  readonly suspended: boolean
  readonly endsAt: Date | undefined
  readonly certificates: number
  readonly suspendedCertificates: number
  readonly holdings: number
}

/** Everything that `member show` prints. */
export interface MemberDetails {
  readonly id: string
  readonly vo: string
  readonly givenName: string | undefined
  readonly surname: string | undefined
  readonly institution: string | undefined
  readonly address: string | undefined
  readonly phone: string | undefined
  readonly email: string | undefined
  readonly username: string | undefined
  readonly externalId: string | undefined
  readonly sourceId: string | undefined
  readonly createdAt: Date
  readonly endsAt: Date | undefined
  /** Whether `endsAt` refuses: the VO's setting. */
  readonly endIsEnforced: boolean
  readonly suspension: Suspension | undefined
  readonly certificates: readonly MemberCertificate[]
  readonly holdings: readonly MemberHolding[]
  /** The member's own, those of his groups, and those of his roles. */
  readonly attributes: readonly MemberAttribute[]
}

export interface Suspension {
  readonly reason: string | undefined
  readonly code: string | undefined
  readonly since: Date | undefined
}

export interface MemberCertificate {
  readonly id: string
  readonly subject: string
  readonly issuer: string
  readonly suspension: Suspension | undefined
  readonly createdAt: Date
}

export interface MemberHolding {
  readonly group: string
  readonly role: string | undefined
  readonly optional: boolean
  readonly endsAt: Date | undefined
}

export interface MemberAttribute {
  readonly scope: 'member' | 'group' | 'role'
  readonly group: string | undefined
  readonly role: string | undefined
  readonly name: string
  readonly value: string
}

export interface ListOptions {
  /** Only this VO; every one when absent. */
  readonly vo?: string
  readonly limit: number
  /** The id of the last member of the page before. */
  readonly after?: string
}

/** Members by id, a page at a time. Throws DatabaseError. */
export async function listMembers(db: Queryable, options: ListOptions): Promise<MemberSummary[]> {
  const rows = await db.query(
    `select m.id, v.name as vo, m.given_name, m.surname, m.email, m.suspended, m.ends_at,
            c.subject, c.certificates, c.suspended_certificates,
            (select count(*)::int from vouchd.holding h where h.member_id = m.id) as holdings
     from vouchd.member m
     join vouchd.vo v on v.id = m.vo_id
     cross join lateral (
       select count(*)::int as certificates, count(*) filter (where suspended)::int as suspended_certificates,
              (array_agg(subject order by id))[1] as subject
       from vouchd.certificate where member_id = m.id) c
     where ($1::text is null or v.name = $1) and m.id > $2
     order by m.id limit $3`,
    [options.vo ?? null, options.after ?? '0', options.limit],
  )
  return rows.map(row => ({
    id: row['id'] as string,
    vo: row['vo'] as string,
    givenName: text(row, 'given_name'),
    surname: text(row, 'surname'),
    email: text(row, 'email'),
    subject: text(row, 'subject'),
    suspended: row['suspended'] as boolean,
    endsAt: date(row, 'ends_at'),
    certificates: row['certificates'] as number,
    suspendedCertificates: row['suspended_certificates'] as number,
    holdings: row['holdings'] as number,
  }))
}

/** How many members a VO has, or all VOs together. Throws DatabaseError. */
export async function countMembers(db: Queryable, vo?: string): Promise<number> {
  const [row] = await db.query<{ count: string }>(
    `select count(*) from vouchd.member m join vouchd.vo v on v.id = m.vo_id
     where $1::text is null or v.name = $1`,
    [vo ?? null],
  )
  return Number(row?.count ?? 0)
}

/**
 * Ids of the members with a certificate of one of these subjects, as stored or by canonical key: several where
 * VOs or CAs differ. For people who look someone up, not for granting. Throws DatabaseError.
 */
export async function findMembers(
  db: Queryable,
  wanted: { readonly subjects: readonly string[]; readonly subjectKey: string; readonly vo?: string },
): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `select distinct m.id from vouchd.member m
     join vouchd.vo v on v.id = m.vo_id
     join vouchd.certificate c on c.member_id = m.id
     where (c.subject = any($1::text[]) or c.subject_key = $2) and ($3::text is null or v.name = $3)
     order by m.id`,
    [wanted.subjects, wanted.subjectKey, wanted.vo ?? null],
  )
  return rows.map(({ id }) => id)
}

/** One member with all that belongs to him; undefined when there is none of that id. Throws DatabaseError. */
export async function showMember(db: Queryable, id: string): Promise<MemberDetails | undefined> {
  // Beyond bigint there is no such member, and the database would refuse the question.
  if (!/^\d{1,18}$/.test(id)) return undefined
  const [member] = await db.query(
    `select m.*, v.name as vo, v.enforce_end_dates from vouchd.member m join vouchd.vo v on v.id = m.vo_id
     where m.id = $1`,
    [id],
  )
  if (member === undefined) return undefined
  return {
    id: member['id'] as string,
    vo: member['vo'] as string,
    givenName: text(member, 'given_name'),
    surname: text(member, 'surname'),
    institution: text(member, 'institution'),
    address: text(member, 'address'),
    phone: text(member, 'phone'),
    email: text(member, 'email'),
    username: text(member, 'username'),
    externalId: text(member, 'external_id'),
    sourceId: text(member, 'source_id'),
    createdAt: member['created_at'] as Date,
    endsAt: date(member, 'ends_at'),
    endIsEnforced: member['enforce_end_dates'] as boolean,
    suspension: suspension(member),
    certificates: await certificatesOf(db, id),
    holdings: await holdingsOf(db, id),
    attributes: await attributesOf(db, id),
  }
}

async function certificatesOf(db: Queryable, id: string): Promise<MemberCertificate[]> {
  const rows = await db.query('select * from vouchd.certificate where member_id = $1 order by id', [id])
  return rows.map(row => ({
    id: row['id'] as string,
    subject: row['subject'] as string,
    issuer: row['issuer'] as string,
    suspension: suspension(row),
    createdAt: row['created_at'] as Date,
  }))
}

async function holdingsOf(db: Queryable, id: string): Promise<MemberHolding[]> {
  const rows = await db.query(
    `select g.path, r.name as role, g.optional, h.ends_at
     from vouchd.holding h
     join vouchd.vo_group g on g.id = h.group_id
     left join vouchd.role r on r.id = h.role_id
     where h.member_id = $1 order by g.path collate "C", r.name collate "C" nulls first`,
    [id],
  )
  return rows.map(row => ({
    group: row['path'] as string,
    role: text(row, 'role'),
    optional: row['optional'] as boolean,
    endsAt: date(row, 'ends_at'),
  }))
}

async function attributesOf(db: Queryable, id: string): Promise<MemberAttribute[]> {
  const rows = await db.query(
    `select 'member' as scope, null as path, null as role, k.name, a.value
     from vouchd.member_attribute a join vouchd.attribute_class k on k.id = a.class_id
     where a.member_id = $1
     union all
     select 'group', g.path, null, k.name, a.value
     from vouchd.holding h
     join vouchd.group_attribute a on a.group_id = h.group_id
     join vouchd.vo_group g on g.id = h.group_id
     join vouchd.attribute_class k on k.id = a.class_id
     where h.member_id = $1 and h.role_id is null
     union all
     select 'role', g.path, r.name, k.name, a.value
     from vouchd.holding h
     join vouchd.role_attribute a on a.group_id = h.group_id and a.role_id = h.role_id
     join vouchd.vo_group g on g.id = h.group_id
     join vouchd.role r on r.id = h.role_id
     join vouchd.attribute_class k on k.id = a.class_id
     where h.member_id = $1`,
    [id],
  )
  const order = (a: MemberAttribute) => [a.group ?? '', a.role ?? '', a.name].join('\0')
  return rows
    .map(row => ({
      scope: row['scope'] as MemberAttribute['scope'],
      group: text(row, 'path'),
      role: text(row, 'role'),
      name: row['name'] as string,
      value: row['value'] as string,
    }))
    .sort((a, b) => (order(a) < order(b) ? -1 : 1))
}

function suspension(row: Row): Suspension | undefined {
  if (row['suspended'] !== true) return undefined
  return {
    reason: text(row, 'suspended_reason'),
    code: text(row, 'suspended_code'),
    since: date(row, 'suspended_at'),
  }
}

function text(row: Row, column: string): string | undefined {
  return (row[column] as string | null) ?? undefined
}

function date(row: Row, column: string): Date | undefined {
  return (row[column] as Date | null) ?? undefined
}
