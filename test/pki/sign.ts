import { constants, sign } from 'node:crypto'
import { bitString, explicit, integer, nullValue, oid, sequence } from '../../native-free/der/writer.ts'
import type { TestKey } from './keys.ts'

export type Hash = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512'
/** How to sign: a hash with the key's usual algorithm, or the same hash under RSA-PSS. Ed25519 and Ed448 ignore it. */
export type SignatureScheme = Hash | `pss-${Exclude<Hash, 'md5'>}`

/** The DER AlgorithmIdentifier that a signature of this scheme by this key carries. */
export function signatureAlgorithm(key: TestKey, scheme: SignatureScheme): Uint8Array {
  const type = key.privateKey.asymmetricKeyType
  if (type === 'ed25519') return sequence(oid('1.3.101.112'))
  if (type === 'ed448') return sequence(oid('1.3.101.113'))
  if (type === 'ec') return sequence(oid(ECDSA_OID[hashOf(scheme)]))
  if (!scheme.startsWith('pss-')) return sequence(oid(RSA_OID[hashOf(scheme)]), nullValue())
  return sequence(oid('1.2.840.113549.1.1.10'), pssParameters(hashOf(scheme)))
}

/** The raw signature over `data`. */
export function signData(data: Uint8Array, key: TestKey, scheme: SignatureScheme): Uint8Array {
  const type = key.privateKey.asymmetricKeyType
  if (type === 'ed25519' || type === 'ed448') return sign(null, data, key.privateKey)
  const hash = hashOf(scheme)
  if (!scheme.startsWith('pss-')) return sign(hash, data, key.privateKey)
  const padding = constants.RSA_PKCS1_PSS_PADDING
  return sign(hash, data, { key: key.privateKey, padding, saltLength: HASH_LENGTH[hash] })
}

/** The outer SEQUENCE of a certificate or CRL: what is signed, by what, and the signature. */
export function signedObject(tbs: Uint8Array, algorithm: Uint8Array, signature: Uint8Array): Uint8Array {
  return sequence(tbs, algorithm, bitString(signature))
}

const hashOf = (scheme: SignatureScheme) => scheme.replace('pss-', '') as Hash

const RSA_OID: Record<Hash, string> = {
  md5: '1.2.840.113549.1.1.4',
  sha1: '1.2.840.113549.1.1.5',
  sha256: '1.2.840.113549.1.1.11',
  sha384: '1.2.840.113549.1.1.12',
  sha512: '1.2.840.113549.1.1.13',
  sha224: '1.2.840.113549.1.1.14',
}
const ECDSA_OID: Record<Hash, string> = {
  md5: '1.2.840.10045.4.0',
  sha1: '1.2.840.10045.4.1',
  sha224: '1.2.840.10045.4.3.1',
  sha256: '1.2.840.10045.4.3.2',
  sha384: '1.2.840.10045.4.3.3',
  sha512: '1.2.840.10045.4.3.4',
}
const HASH_OID: Record<Hash, string> = {
  md5: '1.2.840.113549.2.5',
  sha1: '1.3.14.3.2.26',
  sha224: '2.16.840.1.101.3.4.2.4',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
}
const HASH_LENGTH: Record<Hash, number> = {
  md5: 16,
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
}

/** RFC 4055 3.1, MGF1 with the same hash, salt as long as the hash. */
function pssParameters(hash: Hash): Uint8Array {
  const hashAlgorithm = sequence(oid(HASH_OID[hash]), nullValue())
  const mgf1 = sequence(oid('1.2.840.113549.1.1.8'), hashAlgorithm)
  return sequence(explicit(0, hashAlgorithm), explicit(1, mgf1), explicit(2, integer(HASH_LENGTH[hash])))
}
