import { constants, createPublicKey, type KeyObject, type VerifyKeyObjectInput, verify } from 'node:crypto'
import { bytesEqual } from '../../../native-free/bytes/equal.ts'
import { enterWhole } from '../../../native-free/der/reader.ts'
import { contextTag, TAG } from '../../../native-free/der/tag.ts'
import type { Crl } from '../../../native-free/x509/crl.ts'

/** How a signature algorithm is called by node:crypto, and the kinds of key that make it. */
interface Algorithm {
  readonly hash: string | null
  readonly keys: readonly string[]
}

const rsa = (hash: string): Algorithm => ({ hash, keys: ['rsa'] })
const ec = (hash: string): Algorithm => ({ hash, keys: ['ec'] })

/** SHA-1 stands here because CAs still sign CRLs with it; the loader reports it. MD5 and MD2 never pass. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ['1.2.840.113549.1.1.5', rsa('sha1')],
  ['1.2.840.113549.1.1.14', rsa('sha224')],
  ['1.2.840.113549.1.1.11', rsa('sha256')],
  ['1.2.840.113549.1.1.12', rsa('sha384')],
  ['1.2.840.113549.1.1.13', rsa('sha512')],
  ['1.2.840.10045.4.1', ec('sha1')],
  ['1.2.840.10045.4.3.1', ec('sha224')],
  ['1.2.840.10045.4.3.2', ec('sha256')],
  ['1.2.840.10045.4.3.3', ec('sha384')],
  ['1.2.840.10045.4.3.4', ec('sha512')],
  ['1.3.101.112', { hash: null, keys: ['ed25519'] }],
  ['1.3.101.113', { hash: null, keys: ['ed448'] }],
])

const RSASSA_PSS = '1.2.840.113549.1.1.10'
const SHA1 = '1.3.14.3.2.26'
const PSS_HASHES: ReadonlyMap<string, string> = new Map([
  [SHA1, 'sha1'],
  ['2.16.840.1.101.3.4.2.4', 'sha224'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
])
const MAX_PSS_SALT = 64

/** 'sha1' and 'refused' by the algorithm alone, whatever the key. */
export type CrlAlgorithmStrength = 'good' | 'sha1' | 'refused'

/** How strong the signature algorithm of a CRL is; 'refused' for MD2, MD5, and everything unknown. */
export function crlAlgorithmStrength(crl: Pick<Crl, 'signatureAlgorithm'>): CrlAlgorithmStrength {
  const hash = hashOf(crl)
  if (hash === undefined) return 'refused'
  return hash === 'sha1' ? 'sha1' : 'good'
}

/**
 * Whether this SubjectPublicKeyInfo (DER) verifies the CRL. Inner and outer algorithm must be equal byte for
 * byte. Runs on the thread pool, so that a large CRL does not block; never throws.
 */
export async function verifyCrlSignature(crl: Crl, spki: Uint8Array): Promise<boolean> {
  if (!bytesEqual(crl.signatureAlgorithm.der, crl.tbsSignatureAlgorithm)) return false
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    const how = verifierFor(crl, key)
    if (how === undefined) return false
    return await new Promise(done => {
      verify(how.hash, crl.tbs, how.key, crl.signature, (error, good) => done(error === null && good))
    })
  } catch {
    // A key that OpenSSL cannot read, or parameters it does not take: this key does not verify this CRL.
    return false
  }
}

function verifierFor(
  crl: Crl,
  key: KeyObject,
): { hash: string | null; key: VerifyKeyObjectInput } | undefined {
  const kind = key.asymmetricKeyType ?? ''
  if (crl.signatureAlgorithm.oid === RSASSA_PSS) {
    const pss = pssParameters(crl.signatureAlgorithm.der)
    if (pss === undefined || !['rsa', 'rsa-pss'].includes(kind)) return undefined
    const padding = constants.RSA_PKCS1_PSS_PADDING
    return { hash: pss.hash, key: { key, padding, saltLength: pss.saltLength } }
  }
  const algorithm = ALGORITHMS.get(crl.signatureAlgorithm.oid)
  return algorithm?.keys.includes(kind) ? { hash: algorithm.hash, key: { key } } : undefined
}

/** The hash under the signature, null where the algorithm has its own, undefined when it is not accepted. */
function hashOf({ signatureAlgorithm }: Pick<Crl, 'signatureAlgorithm'>): string | null | undefined {
  if (signatureAlgorithm.oid !== RSASSA_PSS) return ALGORITHMS.get(signatureAlgorithm.oid)?.hash
  try {
    return pssParameters(signatureAlgorithm.der)?.hash
  } catch {
    return undefined
  }
}

/** RSASSA-PSS-params (RFC 4055 3.1), all parts of which have SHA-1 defaults. Only MGF1 with the same hash. */
function pssParameters(algorithm: Uint8Array): { hash: string; saltLength: number } | undefined {
  const outer = enterWhole(algorithm, TAG.sequence)
  outer.skip(TAG.oid)
  const params = outer.enter(TAG.sequence)
  outer.finish()
  const hashOid = params.optionalEnter(contextTag(0, true))?.enter(TAG.sequence).oid() ?? SHA1
  const mgf = params.optionalEnter(contextTag(1, true))?.enter(TAG.sequence)
  mgf?.skip(TAG.oid)
  const mgfHashOid = mgf?.enter(TAG.sequence).oid() ?? SHA1
  const saltLength = params.optionalEnter(contextTag(2, true))?.smallInteger(0, MAX_PSS_SALT) ?? 20
  const hash = PSS_HASHES.get(hashOid)
  return hash !== undefined && mgfHashOid === hashOid ? { hash, saltLength } : undefined
}
