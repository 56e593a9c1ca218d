import { nameFromOneline } from '../../../native-free/dn/nameFromOneline.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import { parseName } from '../../../native-free/x509/parseName.ts'
import type { Directory, HolderNames, Lookup, ResolutionMode } from '../../resolve/types.ts'
import type { Queryable } from '../../store/database.ts'
import { type Outcome, type OwnOptions, ownOutcome } from './outcome.ts'
import { compareKeys, type ExportLine } from './shadowLine.ts'
import { requestOfQuery, standardRequests } from './standardRequests.ts'

/** A certificate of a VO's directory, as it stands there. */
export interface ListedCertificate {
  readonly subject: string
  readonly issuer: string
}

export interface ShadowOptions extends OwnOptions {
  readonly directory: Directory
  readonly matchSubjectOnly: boolean
  /** Requests for each certificate. */
  readonly most: number
}

/** Every certificate that the holdings view of a VO has, in the order of exports. Throws DatabaseError. */
export async function listCertificates(
  db: Queryable,
  holdingsView: string,
  vo: string,
): Promise<readonly ListedCertificate[]> {
  const rows = await db.query<ListedCertificate & Record<string, unknown>>(
    // The configuration takes nothing but identifiers for the view's name.
    `select distinct subject::text as subject, issuer::text as issuer from ${holdingsView}
     where vo = $1 and subject is not null and issuer is not null`,
    [vo],
  )
  return rows.map(({ subject, issuer }) => ({ subject, issuer })).sort(compareKeys)
}

/** Who a listed certificate's holder is now; undefined for a DN that stands for no Name. */
export async function lookUpListed(
  { subject, issuer }: ListedCertificate,
  { directory, vo, matchSubjectOnly }: ShadowOptions,
): Promise<Lookup | undefined> {
  let names: HolderNames
  try {
    names = { subject: parseName(nameFromOneline(subject)), issuer: parseName(nameFromOneline(issuer)) }
  } catch (cause) {
    if (cause instanceof Refusal) return undefined
    throw cause
  }
  return await directory.lookup(vo, names, matchSubjectOnly)
}

/** What requests come to for a holder, under a mode: the standard ones, or those that `queries` names. */
export function resolveAll(
  lookup: Lookup | undefined,
  mode: ResolutionMode | undefined,
  options: ShadowOptions,
  queries?: readonly string[],
): Readonly<Record<string, Outcome>> {
  const holder = lookup ?? { kind: 'unknown' }
  const moded =
    holder.kind === 'member' && mode !== undefined
      ? { ...holder, member: { ...holder.member, resolution: mode } }
      : holder
  const requests =
    queries === undefined
      ? standardRequests(options.vo, holder, options)
      : queries.map(query => requestOfQuery(options.vo, query))
  return Object.fromEntries(requests.map(({ query, read }) => [query, ownOutcome(moded, read, options)]))
}

/** One pair of lines for a certificate; undefined on the side that does not have it. */
export interface LinePair {
  readonly ours: ListedCertificate | undefined
  readonly theirs: ExportLine | undefined
}

/** Lays certificates, in order, beside the lines of an export. */
export async function* pairUp(
  certificates: readonly ListedCertificate[],
  lines: AsyncIterator<ExportLine>,
): AsyncGenerator<LinePair> {
  let at = 0
  let line = await lines.next()
  while (at < certificates.length || !line.done) {
    const ours = certificates[at]
    const theirs = line.done ? undefined : line.value
    const order = ours === undefined ? 1 : theirs === undefined ? -1 : compareKeys(ours, theirs)
    yield { ours: order <= 0 ? ours : undefined, theirs: order >= 0 ? theirs : undefined }
    if (order <= 0) at += 1
    if (order >= 0) line = await lines.next()
  }
}
