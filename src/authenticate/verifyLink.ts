import { constants, type KeyObject, verify } from 'node:crypto'
import type { Certificate } from '../../native-free/x509/certificate.ts'
import {
  type HashName,
  type SignatureScheme,
  signatureScheme,
} from '../../native-free/x509/signatureScheme.ts'

const NODE_HASH: Record<HashName, string> = {
  'SHA-224': 'sha224',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
}

/** The kind of key that each scheme is made with; any other verifies nothing, whatever its bits say. */
const KEY_KIND: Record<SignatureScheme['kind'], Certificate['key']['kind']> = {
  rsa: 'rsa',
  'rsa-pss': 'rsa',
  ecdsa: 'ec',
  ed25519: 'ed25519',
  ed448: 'ed448',
}

/**
 * Whether `issuer`'s key, which `publicKey` must be, made the signature on `child`. Mathematics alone: names, times,
 * trust and strength are judged elsewhere.
 */
export function verifyLink(child: Certificate, issuer: Certificate, publicKey: KeyObject): boolean {
  const scheme = signatureScheme(child.signatureAlgorithm)
  if (typeof scheme === 'string' || KEY_KIND[scheme.kind] !== issuer.key.kind) return false
  try {
    return verifyWith(scheme, child, publicKey)
  } catch {
    // OpenSSL throws for keys and signatures that it cannot make sense of: they verify nothing.
    return false
  }
}

function verifyWith(scheme: SignatureScheme, { tbs, signature }: Certificate, key: KeyObject): boolean {
  switch (scheme.kind) {
    case 'rsa':
    case 'ecdsa':
      return verify(NODE_HASH[scheme.hash], tbs, key, signature)
    case 'rsa-pss': {
      const { saltLength } = scheme
      const padding = constants.RSA_PKCS1_PSS_PADDING
      return verify(NODE_HASH[scheme.hash], tbs, { key, padding, saltLength }, signature)
    }
    default:
      return verify(null, tbs, key, signature)
  }
}
