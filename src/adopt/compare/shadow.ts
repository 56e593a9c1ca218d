import { nameFromOneline } from '../../../native-free/dn/nameFromOneline.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import { parseName } from '../../../native-free/x509/parseName.ts'
import type { Views } from '../../resolve/fetchHolder.ts'
import { fetchHolders } from '../../resolve/fetchHolders.ts'
import { judgeEnd } from '../../resolve/judgeEnd.ts'
import type { HolderNames, Lookup, ResolutionMode } from '../../resolve/types.ts'
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

/** Who the holders of listed certificates are now; undefined for a DN that stands for no Name. Throws DatabaseError. */
export async function lookUpListed(
  listed: readonly ListedCertificate[],
  db: Queryable,
  views: Views,
  { vo, matchSubjectOnly, now }: OwnOptions & { readonly matchSubjectOnly: boolean },
): Promise<readonly (Lookup | undefined)[]> {
  const names = listed.map(namesOf)
  const known = names.filter(one => one !== undefined)
  const found = await fetchHolders(db, views, vo, known, matchSubjectOnly)
  const lookups = new Map(known.map((one, index) => [one, judgeEnd(found[index]!, now)]))
  return names.map(one => one && lookups.get(one))
}

function namesOf({ subject, issuer }: ListedCertificate): HolderNames | undefined {
  try {
    return { subject: parseName(nameFromOneline(subject)), issuer: parseName(nameFromOneline(issuer)) }
  } catch (cause) {
    if (cause instanceof Refusal) return undefined
    throw cause
  }
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

/** The same, some at a time: for questions to the database that are asked for all of them at once. */
export async function* inBatches<T>(all: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = []
  for await (const one of all) {
    if (batch.push(one) < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
