import { dnSpellings, rowMatcher } from '../../native-free/dn/spellings.ts'
import { HOLDINGS_VIEW } from '../config/holdingsView.ts'
import { DatabaseError } from '../store/DatabaseError.ts'
import type { Queryable, Row } from '../store/database.ts'
import type { DirectoryAttribute, HolderNames, Holding, Member } from './types.ts'

/** What the two views say of one certificate in one VO, before the time of a request is known. */
export type Found =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'ambiguous'; readonly memberIds: readonly string[] }
  | { readonly kind: 'suspended'; readonly memberId: string; readonly reason: string | undefined }
  | {
      readonly kind: 'member'
      readonly member: Member
      /** When the last of the rows ends: after that the membership has. Seconds since the epoch. */
      readonly endsAt: number | undefined
    }

export interface Views {
  readonly holdingsView: string
  readonly attributesView: string
}

export interface HoldingRow extends Row {
  member: string
  subject: string
  issuer: string
  suspended: boolean
  reason: string | null
  ends: number | null
  fqgroup: string | null
  role: string | null
  optional: boolean
  resolution: string | null
  name: string | null
  aup: number | null
}

export interface AttributeRow extends Row {
  scope: string
  member: string | null
  fqgroup: string | null
  role: string | null
  name: string
  value: string | null
}

// Far beyond any real member; a view that joins wrongly would fill the memory otherwise.
const MAX_ROWS = 10_000

/**
 * Asks the views for the certificate. The query finds every spelling of the subject; here is decided which
 * rows are the certificate's, subject and issuer alike (`matchSubjectOnly`: subject alone). Throws
 * DatabaseError.
 */
export async function fetchHolder(
  db: Queryable,
  views: Views,
  vo: string,
  holder: HolderNames,
  matchSubjectOnly: boolean,
): Promise<Found> {
  const spellings = dnSpellings(holder.subject)
  if (spellings.length === 0) return { kind: 'unknown' }
  const rows = await db.query<HoldingRow>(holdingsQuery(views, MAX_ROWS + 1), [vo, spellings])
  checkCount(rows.length)
  const found = judgeRows(rows, holder, matchSubjectOnly)
  if (found.kind !== 'member') return found
  const { id, holdings } = found.member
  const attributes = await db.query<AttributeRow>(attributesQuery(views, 'one', MAX_ROWS + 1), [
    vo,
    id,
    groupsOf(holdings),
  ])
  checkCount(attributes.length)
  return { ...found, member: { ...found.member, attributes: toAttributes(attributes, holdings) } }
}

/** Rows of the holdings view for a VO ($1) and subjects ($2). */
export function holdingsQuery({ holdingsView }: Views, limit: number): string {
  return `select member::text as member, subject::text as subject, issuer::text as issuer,
            coalesce(suspended, true) as suspended, reason::text as reason,
            extract(epoch from ends_at)::float8 as ends, fqgroup::text as fqgroup, role::text as role,
            coalesce(optional, false) as optional, ${lateColumns(holdingsView)}
     from ${holdingsView} h where vo = $1 and subject = any($2::text[]) limit ${limit}`
}

/** Rows of the attributes view for a VO ($1), one member or several ($2) and groups ($3). */
export function attributesQuery(
  { attributesView }: Views,
  members: 'one' | 'several',
  limit: number,
): string {
  return `select scope::text as scope, member::text as member, fqgroup::text as fqgroup, role::text as role,
            name::text as name, value::text as value
     from ${attributesView}
     where vo = $1 and (scope = 'member' and member = ${members === 'one' ? '$2' : 'any($2)'}
                        or scope in ('group', 'role') and fqgroup = any($3::text[]))
     limit ${limit}`
}

/** What rows of subjects in any of the holder's spellings say of him; a member without attributes so far. */
export function judgeRows(
  candidates: readonly HoldingRow[],
  holder: HolderNames,
  matchSubjectOnly: boolean,
): Found {
  const rows = candidates.filter(rowFilter(holder, matchSubjectOnly))
  const memberIds = [...new Set(rows.map(row => row.member))]
  const memberId = memberIds[0]
  if (memberId === undefined) return { kind: 'unknown' }
  if (memberIds.length > 1) return { kind: 'ambiguous', memberIds }
  const usable = rows.filter(row => !row.suspended)
  if (usable.length === 0) {
    return { kind: 'suspended', memberId, reason: rows.find(row => row.reason !== null)?.reason ?? undefined }
  }
  const member = { id: memberId, holdings: toHoldings(usable), attributes: [], ...iamMember(usable) }
  return { kind: 'member', member, endsAt: lastEnd(usable) }
}

/** Columns that a site's view may lack: a missing one counts as NULL. */
function lateColumns(view: string): string {
  const column = (name: string) => (view === HOLDINGS_VIEW ? `h.${name}` : `(to_jsonb(h) ->> '${name}')`)
  return `${column('resolution')}::text as resolution, ${column('name')}::text as name,
            extract(epoch from ${column('aup_until')}::timestamptz)::float8 as aup`
}

/** What IAM's rules need to know of the member; nothing where vomsd's hold. */
function iamMember(rows: readonly HoldingRow[]): Pick<Member, 'resolution' | 'name' | 'aupUntil'> {
  if (!rows.some(({ resolution }) => resolution === 'iam')) return {}
  const name = rows.find(row => row.name !== null)?.name
  const until = rows.flatMap(({ aup }) => (aup === null ? [] : [Math.max(aup, 0)]))
  return {
    resolution: 'iam',
    ...(name != null && { name }),
    ...(until.length > 0 && { aupUntil: Math.min(...until) }),
  }
}

function checkCount(count: number): void {
  if (count > MAX_ROWS) throw new DatabaseError('statement', `more than ${MAX_ROWS} rows for one member`)
}

function rowFilter(holder: HolderNames, matchSubjectOnly: boolean): (row: HoldingRow) => boolean {
  const isSubject = remembering(rowMatcher(holder.subject))
  const isIssuer = matchSubjectOnly ? () => true : remembering(rowMatcher(holder.issuer))
  return row => row.member !== null && isSubject(row.subject) && isIssuer(row.issuer)
}

/** The rows of one member repeat the same two names. */
function remembering(matches: (text: string) => boolean): (text: string | null) => boolean {
  const known = new Map<string, boolean>()
  return text => {
    if (text === null) return false
    const before = known.get(text)
    if (before !== undefined) return before
    const result = matches(text)
    known.set(text, result)
    return result
  }
}

/** Each group or role once, with the latest of its ends, however many certificates lead to it. */
function toHoldings(rows: readonly HoldingRow[]): Holding[] {
  const holdings = new Map<string, Holding>()
  for (const { fqgroup, role, optional, ends } of rows) {
    if (fqgroup === null) continue
    const key = role === null ? fqgroup : `${fqgroup}\0${role}`
    const before = holdings.get(key)
    const endsAt = ends ?? undefined
    holdings.set(key, {
      group: fqgroup,
      role: role ?? undefined,
      optional: optional && before?.optional !== false,
      endsAt: before === undefined ? endsAt : later(before.endsAt, endsAt),
    })
  }
  return [...holdings.values()]
}

function lastEnd(rows: readonly HoldingRow[]): number | undefined {
  return rows.map(row => row.ends ?? undefined).reduce(later)
}

/** undefined: no end. */
function later(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : Math.max(a, b)
}

export function groupsOf(holdings: readonly Holding[]): string[] {
  return [...new Set(holdings.map(({ group }) => group))]
}

/** Rows of one member and of his groups; those of roles that he does not hold are left out. */
export function toAttributes(
  rows: readonly AttributeRow[],
  holdings: readonly Holding[],
): DirectoryAttribute[] {
  const roles = new Set(holdings.map(({ group, role }) => `${group}\0${role}`))
  return rows
    .filter(({ scope, fqgroup, role }) => scope !== 'role' || roles.has(`${fqgroup}\0${role}`))
    .map(({ scope, fqgroup, role, name, value }) => ({
      scope: scope as DirectoryAttribute['scope'],
      group: fqgroup ?? undefined,
      role: role ?? undefined,
      name,
      value: value ?? '',
    }))
}
