import { formatFqan } from '../../../native-free/fqan/fqan.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import { buildRestRequest } from '../../../native-free/wire/buildRestRequest.ts'
import { parseRestQuery } from '../../../native-free/wire/parseRestQuery.ts'
import type { AcRequest, IssueRequest } from '../../../native-free/wire/types.ts'
import type { Lookup } from '../../resolve/types.ts'

/** A request in the form that servers get it in, and as vouchd reads it. */
export interface ComparedRequest {
  /** The query of the REST request: its name in reports and exports. */
  readonly query: string
  readonly sent: AcRequest
  readonly read: IssueRequest
}

/** Servers differ in what they make of a request without a lifetime. */
const LIFETIME_SECONDS = 3600

/** Nobody holds it. */
const NO_ROLE = 'vouchd-compare'

/**
 * What to ask for somebody: membership, all, each group and role held, each role in all groups, an order; then what
 * should be refused, and a lifetime that should be cut. For who is no member the first two. Names that cannot stand
 * in a request are left out.
 */
export function standardRequests(
  vo: string,
  lookup: Lookup,
  { most, maxLifetimeSeconds }: { readonly most: number; readonly maxLifetimeSeconds: number },
): readonly ComparedRequest[] {
  const plain = [`/${vo}`]
  const wanted: Partial<AcRequest>[] = [{ fqans: plain }, { fqans: ['all'] }]
  if (lookup.kind === 'member') {
    const { holdings } = lookup.member
    const fqans = [...new Set(holdings.map(holding => formatFqan(holding, 'short')))].sort()
    const groups = fqans.filter(fqan => !fqan.includes('/Role='))
    const roles = [...new Set(holdings.flatMap(({ role }) => role ?? []))].sort()
    wanted.push(
      ...fqans.filter(fqan => fqan !== `/${vo}`).map(fqan => ({ fqans: [fqan] })),
      ...roles.map(role => ({ fqans: [`/Role=${role}`] })),
      ...(groups.length > 1 ? [{ fqans: plain, order: [groups.at(-1)!] }] : []),
      { fqans: [`/${vo}/Role=${NO_ROLE}`] },
      { fqans: plain, lifetimeSeconds: maxLifetimeSeconds + 3600 },
    )
  }
  return wanted.flatMap(request => comparedRequest(vo, request) ?? []).slice(0, most)
}

function comparedRequest(vo: string, wanted: Partial<AcRequest>): ComparedRequest | undefined {
  const defaults = { fqans: [], order: undefined, targets: [], lifetimeSeconds: LIFETIME_SECONDS }
  const sent: AcRequest = { ...defaults, ...wanted }
  try {
    const { target } = buildRestRequest(sent, 'localhost', 1)
    return { query: target.slice(target.indexOf('?') + 1), sent, read: parseRestQuery(target, vo) }
  } catch (cause) {
    if (cause instanceof Refusal) return undefined
    throw cause
  }
}

/** A request from its query, as users and exports name it. Throws Refusal. */
export function requestOfQuery(vo: string, query: string): ComparedRequest {
  const read = parseRestQuery(`/generate-ac?${query}`, vo)
  const values = (name: string) =>
    query
      .split('&')
      .filter(piece => piece.startsWith(`${name}=`))
      .flatMap(piece => piece.slice(name.length + 1).split(','))
      .filter(value => value !== '')
  const order = values('order')
  return {
    query,
    sent: {
      fqans: values('fqans'),
      order: order.length === 0 ? undefined : order,
      targets: values('targets'),
      lifetimeSeconds: read.lifetimeSeconds,
    },
    read,
  }
}
