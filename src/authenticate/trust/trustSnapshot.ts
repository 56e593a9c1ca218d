import type { TrustedCa, TrustedCrl, TrustSnapshot } from '../../../native-free/proxy/types.ts'

export interface SnapshotParts {
  readonly generation: number
  readonly cas: readonly TrustedCa[]
  /** With the canonical name of each CRL's issuer. */
  readonly crls: readonly (readonly [issuer: string, crl: TrustedCrl])[]
  /** Canonical names of CAs that have a CRL file which cannot be read. */
  readonly unreadable: ReadonlySet<string>
}

/** Indexes the parts of a snapshot by canonical name. */
export function createTrustSnapshot({ generation, cas, crls, unreadable }: SnapshotParts): TrustSnapshot {
  const casByName = Map.groupBy(cas, ca => ca.certificate.subject.canonical)
  const crlsByName = Map.groupBy(crls, ([issuer]) => issuer)
  const listsByName = new Map([...crlsByName].map(([name, pairs]) => [name, pairs.map(([, crl]) => crl)]))
  return Object.freeze({
    generation,
    cas,
    casBySubject: (name: string) => casByName.get(name) ?? [],
    crlsByIssuer: (name: string) => listsByName.get(name) ?? [],
    hasUnreadableCrl: (name: string) => unreadable.has(name),
  })
}

/** Before anything is loaded: without CAs, which the chain rules answer with TRUST_NOT_LOADED. */
export const EMPTY_SNAPSHOT = createTrustSnapshot({ generation: 0, cas: [], crls: [], unreadable: new Set() })
