import type { Name } from './name.ts'

/** One X.509 extension as it stands in the certificate. `value` is the content of the OCTET STRING. */
export interface Extension {
  readonly oid: string
  readonly critical: boolean
  readonly value: Uint8Array
}

/** An AlgorithmIdentifier: its dotted OID, and the whole DER (parameters included) for byte comparison. */
export interface AlgorithmIdentifier {
  readonly oid: string
  readonly der: Uint8Array
}

/** What strength rules need of a key. `spki` on the certificate is what verifiers take. */
export type KeyFacts =
  | { readonly kind: 'rsa'; readonly bits: number; readonly exponent: bigint }
  | { readonly kind: 'ec'; readonly curve: 'P-256' | 'P-384' | 'P-521' | 'other' }
  | { readonly kind: 'ed25519' | 'ed448' }
  | { readonly kind: 'other'; readonly oid: string }

/** Bits of keyUsage (RFC 5280 4.2.1.3), as in the BIT STRING: digitalSignature is bit 0. */
export const KEY_USAGE = {
  digitalSignature: 1 << 0,
  nonRepudiation: 1 << 1,
  keyEncipherment: 1 << 2,
  dataEncipherment: 1 << 3,
  keyAgreement: 1 << 4,
  keyCertSign: 1 << 5,
  cRLSign: 1 << 6,
} as const

/**
 * The slices of a certificate that grid rules need (RFC 5280). Every Uint8Array is a view on `der`, never a
 * re-encoding, so that names, serials and keys travel as they were received. Times are seconds since the epoch.
 */
export interface Certificate {
  readonly der: Uint8Array
  readonly tbs: Uint8Array
  readonly version: 1 | 2 | 3
  /** Content octets of the serial INTEGER, as encoded. */
  readonly serial: Uint8Array
  readonly signatureAlgorithm: AlgorithmIdentifier
  readonly issuer: Name
  readonly subject: Name
  readonly notBefore: number
  readonly notAfter: number
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  /** Content of the subjectPublicKey BIT STRING without its unused-bits octet: what a key id hashes. */
  readonly publicKeyBits: Uint8Array
  readonly key: KeyFacts
  readonly signature: Uint8Array
  readonly extensions: readonly Extension[]
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength: number | undefined } | undefined
  /** KEY_USAGE bits, or undefined when the extension is absent (all usages). */
  readonly keyUsage: number | undefined
  readonly extendedKeyUsage: readonly string[] | undefined
  readonly subjectKeyIdentifier: Uint8Array | undefined
  readonly authorityKeyIdentifier: Uint8Array | undefined
}
