import type { Database, Queryable } from '../store/database.ts'
import { AdminError, shown } from './AdminError.ts'
import { memberGone } from './certificates.ts'
import { type Author, changeVo, type Vo } from './changeVo.ts'
import { findMember, type MemberRef } from './findMembers.ts'
import { checkEmail, checkText } from './nameRules.ts'

/** What is known of a person; an empty text takes a value away. */
export interface PersonalData {
  readonly givenName?: string
  readonly surname?: string
  readonly institution?: string
  readonly address?: string
  readonly phone?: string
  readonly email?: string
  readonly username?: string
  readonly externalId?: string
}

/** Fields of a member with their columns and how messages call them. */
export const PERSONAL = {
  givenName: { column: 'given_name', called: 'the given name' },
  surname: { column: 'surname', called: 'the surname' },
  institution: { column: 'institution', called: 'the institution' },
  address: { column: 'address', called: 'the address' },
  phone: { column: 'phone', called: 'the phone number' },
  email: { column: 'email', called: 'the e-mail address' },
  username: { column: 'username', called: 'the user name' },
  externalId: { column: 'external_id', called: 'the outer id' },
} as const satisfies Record<keyof PersonalData, { column: string; called: string }>

export const PERSONAL_FIELDS = Object.keys(PERSONAL) as (keyof PersonalData)[]

/** Throws AdminError ADMIN_VALUE. */
export function checkPersonalData(data: PersonalData): void {
  for (const field of PERSONAL_FIELDS) checkPersonalField(field, data[field])
}

/** Throws AdminError ADMIN_VALUE. */
export function checkPersonalField(field: keyof PersonalData, text: string | undefined): void {
  if (text === undefined || text === '') return
  if (field === 'email') checkEmail(text)
  else checkText(PERSONAL[field].called, text)
}

export type MemberInVo = MemberRef & { readonly vo?: string }

/** Finds a member, locks his VO, and works on him in it. */
async function changeMember<T>(
  db: Database,
  author: Author,
  ref: MemberInVo,
  work: (tx: Queryable, member: Readonly<Record<string, unknown>>, vo: Vo) => Promise<T>,
): Promise<T> {
  const { id, vo: voName } = await findMember(db, ref, ref.vo)
  return changeVo(db, author, voName, async (tx, vo) => {
    const [member] = await tx.query('select * from vouchd.member where id = $1 and vo_id = $2', [id, vo.id])
    if (member === undefined) throw memberGone(id)
    return work(tx, member, vo)
  })
}

export interface MemberChanges extends PersonalData {
  /** null: no end. */
  readonly endsAt?: Date | null
}

export interface MemberChanged {
  readonly member: string
  readonly vo: string
  readonly changed: readonly string[]
  readonly endsAt: Date | undefined
  /** Whether the VO refuses members whose end is past. */
  readonly endIsEnforced: boolean
}

/** Changes what is known of a member, and when the membership ends. */
export async function setMember(
  db: Database,
  author: Author,
  ref: MemberInVo,
  changes: MemberChanges,
): Promise<MemberChanged> {
  checkPersonalData(changes)
  return changeMember(db, author, ref, async (tx, member, vo) => {
    const before = member['ends_at'] as Date | null
    const endsAt = changes.endsAt === undefined ? before : changes.endsAt
    const changed: string[] = PERSONAL_FIELDS.filter(field => {
      const wanted = changes[field]
      return wanted !== undefined && (wanted || null) !== member[PERSONAL[field].column]
    })
    if (endsAt?.getTime() !== before?.getTime()) changed.push('endsAt')
    if (changed.length > 0) {
      const columns = PERSONAL_FIELDS.map((field, index) => `${PERSONAL[field].column} = $${index + 3}`)
      await tx.query(`update vouchd.member set ends_at = $2, ${columns.join(', ')} where id = $1`, [
        member['id'] as string,
        endsAt,
        ...PERSONAL_FIELDS.map(field => {
          const wanted = changes[field]
          return wanted === undefined ? (member[PERSONAL[field].column] as string | null) : wanted || null
        }),
      ])
    }
    return {
      member: member['id'] as string,
      vo: vo.name,
      changed,
      endsAt: endsAt ?? undefined,
      endIsEnforced: vo.enforceEndDates,
    }
  })
}

export interface MemberGone {
  readonly certificates: number
  readonly holdings: number
  readonly attributes: number
}

/** Removes a member with certificates, groups, roles and attributes. The audit keeps what they were. */
export async function removeMember(
  db: Database,
  author: Author,
  ref: MemberInVo,
): Promise<{ readonly member: string; readonly vo: string; readonly gone: MemberGone }> {
  return changeMember(db, author, ref, async (tx, member, vo) => {
    const id = member['id'] as string
    const [gone] = await tx.query<{ certificates: number; holdings: number; attributes: number }>(
      `select (select count(*)::int from vouchd.certificate where member_id = $1) as certificates,
              (select count(*)::int from vouchd.holding where member_id = $1) as holdings,
              (select count(*)::int from vouchd.member_attribute where member_id = $1) as attributes`,
      [id],
    )
    await tx.query('delete from vouchd.member where id = $1', [id])
    return { member: id, vo: vo.name, gone: gone! }
  })
}

export interface MemberSuspension {
  readonly member: string
  readonly vo: string
  /** Subjects of the certificates that were suspended, or restored, with the member. */
  readonly certificates: readonly string[]
  /** Subjects of those that were suspended for another reason, and stay so. */
  readonly stillSuspended: readonly string[]
}

const SUSPENSION_CODE = /^[A-Z][A-Z0-9_]{0,63}$/

/**
 * Suspends a member with every certificate that is not suspended yet. The reason is told to the member; the code
 * is for programs, VOMS Admin's own by custom.
 */
export async function suspendMember(
  db: Database,
  author: Author,
  ref: MemberInVo,
  reason: string,
  code = 'OTHER',
): Promise<MemberSuspension> {
  checkText('the reason', reason)
  if (!SUSPENSION_CODE.test(code)) {
    throw new AdminError('ADMIN_VALUE', `"${shown(code)}" is no code`, 'write it as SECURITY_INCIDENT')
  }
  return changeMember(db, author, ref, async (tx, member, vo) => {
    const id = member['id'] as string
    if (member['suspended'] === true) {
      const why = (member['suspended_reason'] as string | null) ?? 'reason unknown'
      throw new AdminError(
        'ADMIN_STATE',
        `member ${id} is suspended already: ${shown(why)}`,
        'restore the member first to give another reason',
      )
    }
    const others = await suspendedSubjects(tx, id)
    const values = [id, reason, code]
    await tx.query(
      `update vouchd.member set suspended = true, suspended_reason = $2, suspended_code = $3,
         suspended_at = now() where id = $1`,
      values,
    )
    const rows = await tx.query<{ subject: string }>(
      `update vouchd.certificate set suspended = true, suspended_reason = $2, suspended_code = $3,
         suspended_at = now() where member_id = $1 and not suspended returning subject`,
      values,
    )
    return { member: id, vo: vo.name, certificates: rows.map(row => row.subject), stillSuspended: others }
  })
}

/** Lets a member in again, with the certificates that were suspended for the member's own reason. */
export async function restoreMember(
  db: Database,
  author: Author,
  ref: MemberInVo,
): Promise<MemberSuspension> {
  return changeMember(db, author, ref, async (tx, member, vo) => {
    const id = member['id'] as string
    if (member['suspended'] !== true) {
      throw new AdminError(
        'ADMIN_STATE',
        `member ${id} is not suspended`,
        'single certificates are restored by vouchd cert restore',
      )
    }
    await tx.query(
      `update vouchd.member set suspended = false, suspended_reason = null, suspended_code = null,
         suspended_at = null where id = $1`,
      [id],
    )
    const rows = await tx.query<{ subject: string }>(
      `update vouchd.certificate set suspended = false, suspended_reason = null, suspended_code = null,
         suspended_at = null
       where member_id = $1 and suspended and suspended_code is not distinct from $2
         and suspended_reason is not distinct from $3 returning subject`,
      [id, member['suspended_code'] as string | null, member['suspended_reason'] as string | null],
    )
    const stillSuspended = await suspendedSubjects(tx, id)
    return { member: id, vo: vo.name, certificates: rows.map(row => row.subject), stillSuspended }
  })
}

async function suspendedSubjects(tx: Queryable, memberId: string): Promise<string[]> {
  const rows = await tx.query<{ subject: string }>(
    'select subject from vouchd.certificate where member_id = $1 and suspended order by id',
    [memberId],
  )
  return rows.map(row => row.subject)
}
