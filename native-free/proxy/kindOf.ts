import type { Certificate } from '../x509/certificate.ts'
import { OID } from './extensionOids.ts'
import type { ProxyKind } from './types.ts'

/** What a certificate is in a chain; the first rule that matches decides. */
export type CertificateKind = ProxyKind | 'ca' | 'eec'

/**
 * The kind of a certificate. A proxy extension makes it a proxy, critical or not; then basicConstraints a CA; then
 * the last CN, if the issuer is the rest of the subject, a legacy proxy. All else is an EEC: never is "proxy"
 * inferred from a name alone.
 */
export function kindOf(certificate: Certificate): CertificateKind {
  if (hasExtension(certificate, OID.rfcProxy)) return 'rfc'
  if (hasExtension(certificate, OID.draftProxy)) return 'draft'
  if (certificate.basicConstraints?.ca) return 'ca'
  return legacyPolicy(certificate) !== undefined && isIssuerPlusOneCn(certificate) ? 'legacy' : 'eec'
}

export function hasExtension(certificate: Certificate, oid: string): boolean {
  return certificate.extensions.some(extension => extension.oid === oid)
}

export function isProxyKind(kind: CertificateKind): kind is ProxyKind {
  return kind !== 'ca' && kind !== 'eec'
}

const CN = '2.5.4.3'
const LEGACY_CN = { full: 'proxy', limited: 'limited proxy' } as const

/** What the last CN of a legacy ("GSI-2") proxy says of its rights; undefined when it is neither of the two. */
export function legacyPolicy(certificate: Certificate): 'full' | 'limited' | undefined {
  const cn = lastCn(certificate)
  if (cn === undefined) return undefined
  if (isAscii(cn, LEGACY_CN.full)) return 'full'
  return isAscii(cn, LEGACY_CN.limited) ? 'limited' : undefined
}

/**
 * Whether the subject is a non-empty issuer plus one RDN of one non-empty CN: the name of a proxy (RFC 3820 3.4).
 * Names are compared canonically, so string types and case may differ.
 */
export function isIssuerPlusOneCn(certificate: Certificate): boolean {
  const { issuer, subject } = certificate
  const cn = lastCn(certificate)
  if (cn === undefined || cn.length === 0 || issuer.rdns.length === 0) return false
  // A canonical form is one TLV an RDN, so a prefix with one RDN less is the subject without its last RDN.
  return subject.rdns.length === issuer.rdns.length + 1 && subject.canonical.startsWith(issuer.canonical)
}

function lastCn({ subject }: Certificate): Uint8Array | undefined {
  const rdn = subject.rdns.at(-1)
  return rdn?.length === 1 && rdn[0]!.oid === CN ? rdn[0]!.value : undefined
}

function isAscii(octets: Uint8Array, text: string): boolean {
  return octets.length === text.length && octets.every((octet, at) => octet === text.charCodeAt(at))
}
