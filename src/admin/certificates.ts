import { keyOfString } from '../../native-free/dn/keyOfString.ts'
import type { Database, Queryable } from '../store/database.ts'
import { AdminError, shown } from './AdminError.ts'
import type { CertificateNames } from './certificateNames.ts'
import { type Author, changeVo } from './changeVo.ts'
import { findMember, type MemberRef } from './findMembers.ts'
import { checkText } from './nameRules.ts'

export interface CertificateSummary {
  readonly id: string
  readonly vo: string
  readonly member: string
  readonly subject: string
  readonly issuer: string
  readonly suspended: boolean
  readonly suspendedReason: string | undefined
  readonly suspendedCode: string | undefined
  readonly createdAt: Date
}

/** A certificate by the number that `cert list` prints, or by its subject, and its issuer where that is not enough. */
export interface CertificateRef {
  readonly certificate: string
  readonly issuer?: string
  readonly vo?: string
}

/** Certificates of one member, of one VO, or all; by member. */
export async function listCertificates(
  db: Queryable,
  wanted: { readonly member?: string; readonly vo?: string; readonly limit: number },
): Promise<CertificateSummary[]> {
  const rows = await db.query(
    `select c.*, v.name as vo from vouchd.certificate c join vouchd.vo v on v.id = c.vo_id
     where ($1::bigint is null or c.member_id = $1) and ($2::text is null or v.name = $2)
     order by c.member_id, c.id limit $3`,
    [wanted.member ?? null, wanted.vo ?? null, wanted.limit],
  )
  return rows.map(toSummary)
}

function toSummary(row: Readonly<Record<string, unknown>>): CertificateSummary {
  return {
    id: row['id'] as string,
    vo: row['vo'] as string,
    member: row['member_id'] as string,
    subject: row['subject'] as string,
    issuer: row['issuer'] as string,
    suspended: row['suspended'] as boolean,
    suspendedReason: (row['suspended_reason'] as string | null) ?? undefined,
    suspendedCode: (row['suspended_code'] as string | null) ?? undefined,
    createdAt: row['created_at'] as Date,
  }
}

/** Which of these certificates somebody in the VO has already: the member's number by place in the list. */
export async function findTaken(
  tx: Queryable,
  voId: string,
  certificates: readonly CertificateNames[],
): Promise<ReadonlyMap<number, string>> {
  const subjectKeys = [...new Set(certificates.flatMap(({ subject }) => subject.keys))]
  const rows = await tx.query<{ subject_key: string; issuer_key: string; member_id: string }>(
    `select subject_key, issuer_key, member_id from vouchd.certificate
     where vo_id = $1 and subject_key = any($2::text[])`,
    [voId, subjectKeys],
  )
  const members = new Map(rows.map(row => [`${row.subject_key}\0${row.issuer_key}`, row.member_id]))
  const taken = new Map<number, string>()
  for (const [index, { subject, issuer }] of certificates.entries()) {
    for (const subjectKey of subject.keys) {
      for (const issuerKey of issuer.keys) {
        const member = members.get(`${subjectKey}\0${issuerKey}`)
        if (member !== undefined) taken.set(index, member)
      }
    }
  }
  return taken
}

export function certificateTaken({ subject }: CertificateNames, member: string): AdminError {
  return new AdminError(
    'ADMIN_EXISTS',
    `the certificate ${shown(subject.text)} belongs to member ${member} already`,
    `vouchd member show ${member} tells more`,
  )
}

/** Gives a member a further certificate. That of a suspended member is suspended, too. */
export async function addCertificate(
  db: Database,
  author: Author,
  ref: MemberRef & { readonly vo?: string },
  names: CertificateNames,
): Promise<CertificateSummary> {
  const { id, vo: voName } = await findMember(db, ref, ref.vo)
  return changeVo(db, author, voName, async (tx, vo) => {
    const taken = (await findTaken(tx, vo.id, [names])).get(0)
    if (taken !== undefined) throw certificateTaken(names, taken)
    const [row] = await tx.query(
      `insert into vouchd.certificate (vo_id, member_id, subject, subject_key, issuer, issuer_key,
         suspended, suspended_reason, suspended_code, suspended_at)
       select vo_id, id, $3, $4, $5, $6, suspended, case when suspended then suspended_reason end,
         case when suspended then suspended_code end, case when suspended then now() end
       from vouchd.member where id = $1 and vo_id = $2 returning *`,
      [id, vo.id, names.subject.text, names.subject.key, names.issuer.text, names.issuer.key],
    )
    if (row === undefined) throw memberGone(id)
    return { ...toSummary(row), vo: vo.name }
  })
}

/** Removed by somebody else between the look-up and the lock. */
export function memberGone(id: string): AdminError {
  return new AdminError('ADMIN_NOT_FOUND', `there is no member ${id} any more`, 'vouchd member list')
}

/** One certificate. Throws AdminError ADMIN_NOT_FOUND, ADMIN_AMBIGUOUS. */
async function findCertificate(db: Queryable, ref: CertificateRef): Promise<CertificateSummary> {
  const isNumber = /^[0-9]{1,18}$/.test(ref.certificate)
  const rows = await db.query(
    `select c.*, v.name as vo from vouchd.certificate c join vouchd.vo v on v.id = c.vo_id
     where (c.id = $1 or c.subject_key = $2) and ($3::text is null or c.issuer_key = $3)
       and ($4::text is null or v.name = $4) order by c.id limit 10`,
    [
      isNumber ? ref.certificate : null,
      isNumber ? null : keyOfString(ref.certificate.slice(0, 2000)),
      ref.issuer === undefined ? null : keyOfString(ref.issuer),
      ref.vo ?? null,
    ],
  )
  const [first, second] = rows.map(toSummary)
  if (first === undefined) {
    throw new AdminError(
      'ADMIN_NOT_FOUND',
      `there is no certificate ${shown(ref.certificate)}`,
      'name the number that vouchd cert list prints, or the subject in slash form',
    )
  }
  if (second !== undefined) {
    const list = rows.map(toSummary).map(one => `${one.id} (VO ${one.vo}, issued by ${shown(one.issuer)})`)
    throw new AdminError(
      'ADMIN_AMBIGUOUS',
      `several certificates have the subject ${shown(ref.certificate)}`,
      `name the one by its number: ${list.join(', ')}`,
    )
  }
  return first
}

/** Removes a certificate; the member's last one only when `force` says so: nobody could be him any more. */
export async function removeCertificate(
  db: Database,
  author: Author,
  ref: CertificateRef,
  force = false,
): Promise<CertificateSummary> {
  const { vo: voName, id } = await findCertificate(db, ref)
  return changeVo(db, author, voName, async tx => {
    const certificate = await findCertificate(tx, { certificate: id })
    const [row] = await tx.query<{ count: number }>(
      'select count(*)::int as count from vouchd.certificate where member_id = $1',
      [certificate.member],
    )
    if (row!.count === 1 && !force) {
      throw new AdminError(
        'ADMIN_STATE',
        `it is the only certificate of member ${certificate.member}, who could not be recognised any more`,
        'add the new one first, or say --force',
      )
    }
    await tx.query('delete from vouchd.certificate where id = $1', [id])
    return certificate
  })
}

/** Of a certificate that was suspended by itself: no restoring of its member restores it. */
const OWN_CODE = 'CERTIFICATE'

/** Suspends one certificate; the reason is told to whoever uses it. */
export async function suspendCertificate(
  db: Database,
  author: Author,
  ref: CertificateRef,
  reason: string,
): Promise<CertificateSummary> {
  checkText('the reason', reason)
  const { vo: voName, id } = await findCertificate(db, ref)
  return changeVo(db, author, voName, async tx => {
    const before = await findCertificate(tx, { certificate: id })
    if (before.suspended && before.suspendedCode === OWN_CODE) {
      throw new AdminError(
        'ADMIN_STATE',
        `the certificate is suspended already: ${shown(before.suspendedReason ?? 'reason unknown')}`,
        'restore it first to give another reason',
      )
    }
    await tx.query(
      `update vouchd.certificate set suspended = true, suspended_reason = $2, suspended_code = $3,
         suspended_at = now() where id = $1`,
      [id, reason, OWN_CODE],
    )
    return findCertificate(tx, { certificate: id })
  })
}

/** Lets one certificate be used again. */
export async function restoreCertificate(
  db: Database,
  author: Author,
  ref: CertificateRef,
): Promise<CertificateSummary> {
  const { vo: voName, id } = await findCertificate(db, ref)
  return changeVo(db, author, voName, async tx => {
    const before = await findCertificate(tx, { certificate: id })
    if (!before.suspended) {
      throw new AdminError('ADMIN_STATE', 'the certificate is not suspended', 'nothing is to be done')
    }
    const [member] = await tx.query('select from vouchd.member where id = $1 and suspended', [before.member])
    if (member !== undefined) {
      throw new AdminError(
        'ADMIN_STATE',
        `member ${before.member} is suspended, and so all certificates are`,
        `restore the member first: vouchd member restore ${before.member}`,
      )
    }
    await tx.query(
      `update vouchd.certificate set suspended = false, suspended_reason = null, suspended_code = null,
         suspended_at = null where id = $1`,
      [id],
    )
    return findCertificate(tx, { certificate: id })
  })
}
