import type { Database, Queryable } from '../store/database.ts'
import { AdminError, shown } from './AdminError.ts'
import type { CertificateNames } from './certificateNames.ts'
import { certificateTaken, findTaken } from './certificates.ts'
import { type Author, changeVo, type Vo } from './changeVo.ts'
import { checkRows, type Placed, type RowCheck, type RowOf } from './checkRows.ts'
import { type GroupTree, loadGroupTree } from './groupTree.ts'
import { type HoldingName, type HoldingRow, holdingKey, insertHoldings } from './holdings.ts'
import { checkPersonalField, PERSONAL, PERSONAL_FIELDS, type PersonalData } from './members.ts'

export interface NewMember extends Placed, PersonalData {
  readonly certificate: CertificateNames
  /** null or absent: no end. */
  readonly endsAt?: Date | null
  /** Beside the root group, to which every member belongs. */
  readonly holdings?: readonly HoldingName[]
}

export interface MembersAdded {
  readonly vo: string
  readonly members: readonly {
    /** The member's number; "new" in a dry run, which takes none. */
    readonly member: string
    readonly subject: string
    readonly issuer: string
    readonly holds: readonly string[]
  }[]
  /** What deserves a look, though nothing forbids it. */
  readonly notes: readonly string[]
}

/**
 * Makes members, each with a certificate, in the VO's root group and the groups named. All of them are checked
 * before anything is written.
 */
export function addMembers(
  db: Database,
  author: Author,
  voName: string,
  rows: readonly RowOf<NewMember>[],
  check: RowCheck = checkRows(),
): Promise<MembersAdded> {
  return changeVo(db, author, voName, async (tx, vo) => {
    const tree = await loadGroupTree(tx, vo)
    await checkMembers(tx, vo, tree, rows, check)
    const members = check.whole<NewMember>(rows)
    const ids = author.dryRun ? members.map((_, index) => `-${index + 1}`) : await takeIds(tx, members.length)
    await insertMembers(tx, vo.id, ids, members)
    await insertCertificates(tx, vo.id, ids, members)
    const holdings = members.map((member, index) => holdingsOf(tree, vo, ids[index]!, member))
    await insertHoldings(tx, vo.id, holdings.flat())
    const notes = await sharedAddresses(tx, vo.id, members)
    return {
      vo: voName,
      members: members.map(({ certificate }, index) => ({
        member: author.dryRun ? NEW : ids[index]!,
        subject: certificate.subject.text,
        issuer: certificate.issuer.text,
        holds: holdings[index]!.map(row => tree.fqan(row.groupId, row.roleId)),
      })),
      notes,
    }
  })
}

async function checkMembers(
  tx: Queryable,
  vo: Vo,
  tree: GroupTree,
  rows: readonly RowOf<NewMember>[],
  check: RowCheck,
): Promise<void> {
  const named = rows.flatMap(({ place, certificate }) => (certificate ? [{ place, certificate }] : []))
  const taken = await findTaken(
    tx,
    vo.id,
    named.map(({ certificate }) => certificate),
  )
  for (const row of rows) {
    for (const field of PERSONAL_FIELDS) check.row(row, () => checkPersonalField(field, row[field]))
    for (const { group, role } of row.holdings ?? []) {
      check.row(row, () => tree.groupsTo(group))
      if (role !== undefined) check.row(row, () => tree.role(role))
    }
  }
  const seen = new Map<string, string>()
  for (const [index, row] of named.entries()) {
    check.row(row, () => {
      const owner = taken.get(index)
      if (owner !== undefined) throw certificateTaken(row.certificate, owner)
      const { subject, issuer } = row.certificate
      const key = `${subject.key}\0${issuer.key}`
      const before = seen.get(key)
      seen.set(key, before ?? row.place ?? '')
      if (before !== undefined) {
        throw new AdminError(
          'ADMIN_EXISTS',
          `the certificate ${shown(subject.text)} stands in ${before} already`,
          'one certificate has one member; leave one of the two out',
        )
      }
    })
  }
}

const NEW = 'new'

/** Numbers for the new members, so that their other rows can be written without asking which is which. */
async function takeIds(tx: Queryable, count: number): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `select nextval(pg_get_serial_sequence('vouchd.member', 'id')) as id from generate_series(1, $1::int)`,
    [count],
  )
  return rows.map(row => row.id)
}

const BATCH = 1000

async function insertMembers(
  tx: Queryable,
  voId: string,
  ids: readonly string[],
  members: readonly NewMember[],
): Promise<void> {
  const columns = PERSONAL_FIELDS.map(field => PERSONAL[field].column)
  const lists = columns.map((_, index) => `$${index + 4}::text[]`)
  for (let from = 0; from < members.length; from += BATCH) {
    const batch = members.slice(from, from + BATCH)
    await tx.query(
      `insert into vouchd.member (id, vo_id, ends_at, ${columns.join(', ')}) overriding system value
       select i, $1, e, ${columns.join(', ')}
       from unnest($2::bigint[], $3::timestamptz[], ${lists.join(', ')}) as t (i, e, ${columns.join(', ')})`,
      [
        voId,
        ids.slice(from, from + BATCH),
        batch.map(member => member.endsAt ?? null),
        ...PERSONAL_FIELDS.map(field => batch.map(member => member[field] || null)),
      ],
    )
  }
}

// After all members, not batch by batch: the database keeps one plan for finding the member of each row, and makes it
// when it first does. Made over a table that still grows, it walks the whole of it for each row.
async function insertCertificates(
  tx: Queryable,
  voId: string,
  ids: readonly string[],
  members: readonly NewMember[],
): Promise<void> {
  for (let from = 0; from < members.length; from += BATCH) {
    const batch = members.slice(from, from + BATCH)
    await tx.query(
      `insert into vouchd.certificate (vo_id, member_id, subject, subject_key, issuer, issuer_key)
       select $1, m, s, sk, i, ik
       from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[]) as t (m, s, sk, i, ik)`,
      [
        voId,
        ids.slice(from, from + BATCH),
        batch.map(({ certificate }) => certificate.subject.text),
        batch.map(({ certificate }) => certificate.subject.key),
        batch.map(({ certificate }) => certificate.issuer.text),
        batch.map(({ certificate }) => certificate.issuer.key),
      ],
    )
  }
}

/** The root group, the groups named with those above them, and the roles named; each once. */
function holdingsOf(tree: GroupTree, vo: Vo, memberId: string, member: NewMember): HoldingRow[] {
  const rows = new Map<string, HoldingRow>()
  const add = (groupId: string, roleId: string | null) =>
    rows.set(holdingKey(memberId, groupId, roleId), { memberId, groupId, roleId, endsAt: null })
  add(tree.group(`/${vo.name}`), null)
  for (const { group, role } of member.holdings ?? []) {
    for (const groupId of tree.groupsTo(group)) add(groupId, null)
    if (role !== undefined) add(tree.group(group), tree.role(role))
  }
  return [...rows.values()]
}

const MAX_NOTES = 100

/** One e-mail address of several members is allowed, and often a member entered twice. */
async function sharedAddresses(
  tx: Queryable,
  voId: string,
  members: readonly NewMember[],
): Promise<string[]> {
  const emails = members.map(member => member.email).filter(email => email !== undefined && email !== '')
  if (emails.length === 0) return []
  const rows = await tx.query<{ email: string; ids: string }>(
    `select email, string_agg(case when id < 0 then '${NEW}' else id::text end, ', ' order by id) as ids
     from vouchd.member where vo_id = $1 and email = any($2::text[]) group by email having count(*) > 1
     order by email limit ${MAX_NOTES}`,
    [voId, [...new Set(emails as string[])]],
  )
  return rows.map(({ email, ids }) => `members ${ids} share the e-mail address ${email}`)
}
