import type { ReasonCode, TrustedCa, TrustedCrl, TrustSnapshot } from '../proxy/types.ts'
import type { Certificate } from '../x509/certificate.ts'
import { scopeFault } from './scopeFault.ts'

/** A CRL may come from a clock this far ahead of ours. */
export const CRL_FUTURE_SKEW_SECONDS = 300

/** A CRL without nextUpdate is used this long after its thisUpdate. */
export const CRL_WITHOUT_NEXT_UPDATE_SECONDS = 30 * 86_400

/** What revocation rules need of the CA whose signature stands on the certificate. A TrustedCa is one. */
export type CrlIssuer = Pick<TrustedCa, 'certificate' | 'spkiFingerprint'>

export interface RevocationRefusal {
  readonly reason: ReasonCode
  /** For the log, never for the client. */
  readonly detail: string
}

export type CrlChoice =
  | { readonly kind: 'crl'; readonly crl: TrustedCrl }
  | { readonly kind: 'none' }
  | ({ readonly kind: 'refused' } & RevocationRefusal)

/**
 * The one CRL that decides on `certificate`, of those its issuer's name has in the snapshot: signed by the CA
 * of this path (or, after a change of key, by another installed CA of that name), in scope, not from the
 * future, newest (RFC 5280 5.2.3, 6.3.3). `now` is in seconds since the epoch.
 */
export function selectCrl(
  certificate: Certificate,
  issuer: CrlIssuer,
  snapshot: TrustSnapshot,
  now: number,
): CrlChoice {
  const name = certificate.issuer.canonical
  const candidates = snapshot.crlsByIssuer(name)
  if (candidates.length === 0) {
    if (!snapshot.hasUnreadableCrl(name)) return { kind: 'none' }
    return refused('CRL_UNREADABLE', 'the CRL file of this CA cannot be read, and there is no other')
  }

  const signed = signedBy(candidates, issuer.spkiFingerprint)
  if (signed.length === 0) {
    return refused(
      'CRL_SIGNATURE',
      `no installed key of this CA verifies any of its ${candidates.length} CRL(s)`,
    )
  }

  let fault: string | undefined
  const usable = signed.filter(crl => {
    const why = crl.unsupported ?? scopeFault(crl, certificate)
    fault ??= why
    return why === undefined
  })
  if (usable.length === 0) return refused('CRL_UNSUPPORTED', fault ?? 'no CRL in scope')

  const begun = usable.filter(crl => crl.thisUpdate <= now + CRL_FUTURE_SKEW_SECONDS)
  const newest = begun.reduce<TrustedCrl | undefined>(
    (best, crl) => (best === undefined || isNewer(crl, best) ? crl : best),
    undefined,
  )
  if (newest === undefined) {
    return refused('CRL_NOT_YET_VALID', `the CRL begins at ${usable[0]!.thisUpdate}, now is ${now}`)
  }
  return { kind: 'crl', crl: newest }
}

/** Until when a CRL can be used, in seconds since the epoch; `graceSeconds` is added to its nextUpdate only. */
export function crlUsableUntil(
  crl: Pick<TrustedCrl, 'thisUpdate' | 'nextUpdate'>,
  graceSeconds: number,
): number {
  return crl.nextUpdate === undefined
    ? crl.thisUpdate + CRL_WITHOUT_NEXT_UPDATE_SECONDS
    : crl.nextUpdate + graceSeconds
}

/** The order of RFC 5280 5.2.3: the higher CRLNumber, then the later thisUpdate; no number is the lowest. */
export function isNewer(
  a: Pick<TrustedCrl, 'number' | 'thisUpdate'>,
  b: Pick<TrustedCrl, 'number' | 'thisUpdate'>,
): boolean {
  const numberA = a.number ?? -1n
  const numberB = b.number ?? -1n
  return numberA === numberB ? a.thisUpdate > b.thisUpdate : numberA > numberB
}

function signedBy(candidates: readonly TrustedCrl[], spkiFingerprint: string): readonly TrustedCrl[] {
  const own = candidates.filter(crl => crl.verifiedBy.has(spkiFingerprint))
  return own.length > 0 ? own : candidates.filter(crl => crl.verifiedBy.size > 0)
}

function refused(reason: ReasonCode, detail: string): CrlChoice {
  return { kind: 'refused', reason, detail }
}
