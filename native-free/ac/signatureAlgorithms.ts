import type { AcDigest } from './types.ts'

/** A signature algorithm that an AC may carry: everything known about it, so that no second table exists. */
export interface SignatureAlgorithm {
  readonly oid: string
  /** The whole AlgorithmIdentifier: NULL parameters for RSA (RFC 4055 5), none for ECDSA (RFC 5758 3.2). */
  readonly der: Uint8Array
  readonly key: 'rsa' | 'ec'
  readonly digest: AcDigest
}

const rsa = (last: number): Uint8Array =>
  Uint8Array.of(0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last, 0x05, 0)
const ecdsa = (last: number): Uint8Array =>
  Uint8Array.of(0x30, 10, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, last)

export const SIGNATURE_ALGORITHMS: readonly SignatureAlgorithm[] = [
  { oid: '1.2.840.113549.1.1.11', der: rsa(11), key: 'rsa', digest: 'sha256' },
  { oid: '1.2.840.113549.1.1.12', der: rsa(12), key: 'rsa', digest: 'sha384' },
  { oid: '1.2.840.113549.1.1.13', der: rsa(13), key: 'rsa', digest: 'sha512' },
  { oid: '1.2.840.10045.4.3.2', der: ecdsa(2), key: 'ec', digest: 'sha256' },
  { oid: '1.2.840.10045.4.3.3', der: ecdsa(3), key: 'ec', digest: 'sha384' },
  { oid: '1.2.840.10045.4.3.4', der: ecdsa(4), key: 'ec', digest: 'sha512' },
]

/** The algorithm of a key kind and digest. All six combinations exist. */
export function signatureAlgorithm(key: 'rsa' | 'ec', digest: AcDigest): SignatureAlgorithm {
  return SIGNATURE_ALGORITHMS.find(a => a.key === key && a.digest === digest)!
}
