import { toHex } from '../../native-free/bytes/hex.ts'
import { onelineF1 } from '../../native-free/dn/oneline.ts'
import { OID } from '../../native-free/proxy/extensionOids.ts'
import { type CertificateKind, isProxyKind, kindOf, legacyPolicy } from '../../native-free/proxy/kindOf.ts'
import { POLICY_LANGUAGE, parseProxyCertInfo } from '../../native-free/proxy/proxyCertInfo.ts'
import { Refusal } from '../../native-free/refusal.ts'
import { type Certificate, KEY_USAGE, type KeyFacts } from '../../native-free/x509/certificate.ts'
import { isoTime } from '../formatTime.ts'

/** A certificate in words. */
export interface CertificateDescription {
  readonly kind: CertificateKind
  /** For people: "RFC3820 compliant limited proxy", "CA certificate" ... */
  readonly type: string
  readonly subject: string
  readonly issuer: string
  readonly serial: string
  readonly notBefore: string
  readonly notAfter: string
  readonly key: string
  readonly keyUsage: string | undefined
  readonly signatureAlgorithm: string
}

/** Describes a certificate; never fails on one that could be parsed. */
export function describeCertificate(certificate: Certificate): CertificateDescription {
  return {
    kind: kindOf(certificate),
    type: typeOf(certificate),
    subject: onelineF1(certificate.subject),
    issuer: onelineF1(certificate.issuer),
    serial: toHex(certificate.serial),
    notBefore: isoTime(certificate.notBefore),
    notAfter: isoTime(certificate.notAfter),
    key: describeKey(certificate.key),
    keyUsage: describeKeyUsage(certificate.keyUsage),
    signatureAlgorithm:
      SIGNATURE_NAMES[certificate.signatureAlgorithm.oid] ?? certificate.signatureAlgorithm.oid,
  }
}

function typeOf(certificate: Certificate): string {
  const kind = kindOf(certificate)
  if (kind === 'ca') return 'CA certificate'
  if (kind === 'eec') return 'end-entity certificate'
  if (kind === 'legacy') return `${legacyPolicy(certificate)} legacy globus proxy`
  const form = kind === 'rfc' ? 'RFC3820 compliant' : 'Proxy draft (pre-RFC) compliant'
  return `${form} ${policyOf(certificate, kind)} proxy`
}

function policyOf(certificate: Certificate, form: 'rfc' | 'draft'): string {
  const oid = form === 'rfc' ? OID.rfcProxy : OID.draftProxy
  const value = certificate.extensions.find(extension => extension.oid === oid)!.value
  try {
    const { language } = parseProxyCertInfo(value, form)
    return POLICIES[language] ?? 'restricted'
  } catch (cause) {
    if (cause instanceof Refusal) return 'malformed'
    throw cause
  }
}

const POLICIES: Record<string, string> = {
  [POLICY_LANGUAGE.inheritAll]: 'impersonation',
  [POLICY_LANGUAGE.limited]: 'limited',
  [POLICY_LANGUAGE.independent]: 'independent',
}

export function describeKey(key: KeyFacts): string {
  switch (key.kind) {
    case 'rsa':
      return `RSA ${key.bits}`
    case 'ec':
      return key.curve === 'other' ? 'EC, unnamed curve' : key.curve
    case 'ed25519':
      return 'Ed25519'
    case 'ed448':
      return 'Ed448'
    case 'other':
      return key.oid
  }
}

const USAGES: readonly (readonly [bit: number, name: string])[] = [
  [KEY_USAGE.digitalSignature, 'Digital Signature'],
  [KEY_USAGE.nonRepudiation, 'Non Repudiation'],
  [KEY_USAGE.keyEncipherment, 'Key Encipherment'],
  [KEY_USAGE.dataEncipherment, 'Data Encipherment'],
  [KEY_USAGE.keyAgreement, 'Key Agreement'],
  [KEY_USAGE.keyCertSign, 'Certificate Sign'],
  [KEY_USAGE.cRLSign, 'CRL Sign'],
]

function describeKeyUsage(bits: number | undefined): string | undefined {
  if (bits === undefined) return undefined
  return USAGES.filter(([bit]) => (bits & bit) !== 0)
    .map(([, name]) => name)
    .join(', ')
}

const SIGNATURE_NAMES: Record<string, string> = {
  '1.2.840.113549.1.1.4': 'md5WithRSAEncryption',
  '1.2.840.113549.1.1.5': 'sha1WithRSAEncryption',
  '1.2.840.113549.1.1.10': 'RSASSA-PSS',
  '1.2.840.113549.1.1.11': 'sha256WithRSAEncryption',
  '1.2.840.113549.1.1.12': 'sha384WithRSAEncryption',
  '1.2.840.113549.1.1.13': 'sha512WithRSAEncryption',
  '1.2.840.113549.1.1.14': 'sha224WithRSAEncryption',
  '1.2.840.10045.4.1': 'ecdsa-with-SHA1',
  '1.2.840.10045.4.3.2': 'ecdsa-with-SHA256',
  '1.2.840.10045.4.3.3': 'ecdsa-with-SHA384',
  '1.2.840.10045.4.3.4': 'ecdsa-with-SHA512',
  '1.3.101.112': 'Ed25519',
  '1.3.101.113': 'Ed448',
}

/** The EEC of a list that begins with a proxy or with the EEC itself; undefined when the list has none. */
export function findEec(chain: readonly Certificate[]): Certificate | undefined {
  return chain.find(certificate => !isProxyKind(kindOf(certificate)))
}
