import { keyOfString } from '../../native-free/dn/keyOfString.ts'
import type { Queryable } from '../store/database.ts'
import { AdminError, shown } from './AdminError.ts'

/** How somebody names a member: his number, the subject of a certificate in slash form, or his e-mail address. */
export interface MemberRef {
  readonly member: string
  /** Where several members have that subject: the issuer. */
  readonly issuer?: string
}

export interface FoundMember {
  readonly id: string
  readonly vo: string
}

const MAX_REF = 2000
const NUMBER = /^[0-9]{1,18}$/

/** One member, in every VO or one. Throws AdminError ADMIN_NOT_FOUND, ADMIN_AMBIGUOUS. */
export async function findMember(db: Queryable, ref: MemberRef, vo?: string): Promise<FoundMember> {
  const found = await findMembers(db, [ref], vo)
  return found(ref)
}

/** Looks many members up at once; the function then gives each, or throws as findMember() does. */
export async function findMembers(
  db: Queryable,
  refs: readonly MemberRef[],
  vo?: string,
): Promise<(ref: MemberRef) => FoundMember> {
  const ids: string[] = []
  const subjects = new Map<string, string>()
  const emails: string[] = []
  for (const { member } of refs) {
    if (NUMBER.test(member)) ids.push(member)
    else if (member.length > MAX_REF) continue
    else if (member.startsWith('/')) subjects.set(member, keyOfString(member))
    else if (member.includes('@')) emails.push(member)
  }
  const rows = await db.query<{ kind: string; id: string; vo: string; key: string; issuer: string | null }>(
    `select 'id' as kind, m.id, v.name as vo, m.id::text as key, null as issuer
     from vouchd.member m join vouchd.vo v on v.id = m.vo_id
     where m.id = any($1::bigint[]) and ($4::text is null or v.name = $4)
     union all
     select 'subject', m.id, v.name, c.subject_key, c.issuer_key
     from vouchd.certificate c join vouchd.member m on m.id = c.member_id join vouchd.vo v on v.id = m.vo_id
     where c.subject_key = any($2::text[]) and ($4::text is null or v.name = $4)
     union all
     select 'email', m.id, v.name, m.email, null
     from vouchd.member m join vouchd.vo v on v.id = m.vo_id
     where m.email = any($3::text[]) and ($4::text is null or v.name = $4)`,
    [ids, [...new Set(subjects.values())], emails, vo ?? null],
  )
  const known = Map.groupBy(rows, row => `${row.kind}\0${row.key}`)

  return ref => {
    const key = NUMBER.test(ref.member)
      ? `id\0${BigInt(ref.member)}`
      : ref.member.includes('@') && !ref.member.startsWith('/')
        ? `email\0${ref.member}`
        : `subject\0${subjects.get(ref.member) ?? ''}`
    const issuerKey = ref.issuer === undefined ? undefined : keyOfString(ref.issuer)
    const hits = (known.get(key) ?? []).filter(
      row => issuerKey === undefined || row.issuer === null || row.issuer === issuerKey,
    )
    const members = [...new Map(hits.map(row => [row.id, { id: row.id, vo: row.vo }])).values()]
    return theOne(members, ref, vo)
  }
}

function theOne(members: readonly FoundMember[], { member }: MemberRef, vo: string | undefined): FoundMember {
  const [first, second] = members
  if (first === undefined) {
    throw new AdminError(
      'ADMIN_NOT_FOUND',
      `there is no member ${shown(member)}${vo === undefined ? '' : ` in VO ${vo}`}`,
      'name the number that vouchd member list prints, the subject of a certificate, or the e-mail address',
    )
  }
  if (second !== undefined) {
    const list = members.map(one => `${one.id} (VO ${one.vo})`).slice(0, 10)
    throw new AdminError(
      'ADMIN_AMBIGUOUS',
      `several members answer to ${shown(member)}`,
      `name the one by his number: ${list.join(', ')}`,
    )
  }
  return first
}
