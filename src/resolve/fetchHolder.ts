import { dnSpellings, rowMatcher } from '../../native-free/dn/spellings.ts'
import { HOLDINGS_VIEW } from '../config/schema.ts'
import { DatabaseError } from '../store/DatabaseError.ts'
import type { Database } from '../store/database.ts'
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

interface HoldingRow {
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

interface AttributeRow {
  scope: string
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
  db: Database,
  views: Views,
  vo: string,
  holder: HolderNames,
  matchSubjectOnly: boolean,
): Promise<Found> {
  const spellings = dnSpellings(holder.subject)
  if (spellings.length === 0) return { kind: 'unknown' }
  const found = await db.query<HoldingRow & Record<string, unknown>>(
    `select member::text as member, subject::text as subject, issuer::text as issuer,
            coalesce(suspended, true) as suspended, reason::text as reason,
            extract(epoch from ends_at)::float8 as ends, fqgroup::text as fqgroup, role::text as role,
            coalesce(optional, false) as optional, ${lateColumns(views.holdingsView)}
     from ${views.holdingsView} h where vo = $1 and subject = any($2::text[]) limit ${MAX_ROWS + 1}`,
    [vo, spellings],
  )
  checkCount(found.length)
  const rows = found.filter(rowFilter(holder, matchSubjectOnly))
  const memberIds = [...new Set(rows.map(row => row.member))]
  const memberId = memberIds[0]
  if (memberId === undefined) return { kind: 'unknown' }
  if (memberIds.length > 1) return { kind: 'ambiguous', memberIds }
  const usable = rows.filter(row => !row.suspended)
  if (usable.length === 0) {
    return { kind: 'suspended', memberId, reason: rows.find(row => row.reason !== null)?.reason ?? undefined }
  }
  const holdings = toHoldings(usable)
  const attributes = await fetchAttributes(db, views, vo, memberId, holdings)
  const member = { id: memberId, holdings, attributes, ...iamMember(usable) }
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

async function fetchAttributes(
  db: Database,
  views: Views,
  vo: string,
  memberId: string,
  holdings: readonly Holding[],
): Promise<DirectoryAttribute[]> {
  const groups = [...new Set(holdings.map(holding => holding.group))]
  const rows = await db.query<AttributeRow & Record<string, unknown>>(
    `select scope::text as scope, fqgroup::text as fqgroup, role::text as role, name::text as name,
            value::text as value
     from ${views.attributesView}
     where vo = $1 and (scope = 'member' and member = $2
                        or scope in ('group', 'role') and fqgroup = any($3::text[]))
     limit ${MAX_ROWS + 1}`,
    [vo, memberId, groups],
  )
  checkCount(rows.length)
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
