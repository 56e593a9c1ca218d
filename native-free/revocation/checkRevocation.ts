import type { ChainPolicy, TrustSnapshot } from '../proxy/types.ts'
import type { Certificate } from '../x509/certificate.ts'
import { type CrlIssuer, crlUsableUntil, type RevocationRefusal, selectCrl } from './selectCrl.ts'

/**
 * Whether a CRL forbids `certificate`, an EEC or an intermediate CA that `issuer` signed; never asked for a
 * proxy or a root. Undefined: it passes. Pure; `now` is in seconds since the epoch. RFC 5280 5 and 6.3, with
 * the modes of ChainPolicy.crl. A listed serial is revoked whatever the entry's reason or date, and stays so
 * in a CRL that is past its nextUpdate.
 */
export function checkRevocation(
  certificate: Certificate,
  issuer: CrlIssuer,
  snapshot: TrustSnapshot,
  policy: Pick<ChainPolicy, 'crl' | 'crlGraceSeconds'>,
  now: number,
): RevocationRefusal | undefined {
  if (policy.crl === 'ignore') return undefined
  const choice = selectCrl(certificate, issuer, snapshot, now)
  if (choice.kind === 'none') {
    if (policy.crl !== 'require') return undefined
    return { reason: 'CRL_MISSING', detail: 'no CRL of the issuing CA is installed' }
  }
  if (choice.kind === 'refused') return { reason: choice.reason, detail: choice.detail }

  const { crl } = choice
  if (crl.isListed(certificate.serial)) {
    return {
      reason: 'REVOKED',
      detail: `listed in the CRL of ${crl.thisUpdate} (number ${crl.number ?? 'none'})`,
    }
  }
  const until = crlUsableUntil(crl, policy.crlGraceSeconds)
  if (until < now) return { reason: 'CRL_EXPIRED', detail: `the newest CRL could be used until ${until}` }
  return undefined
}
