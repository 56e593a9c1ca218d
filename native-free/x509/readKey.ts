import { DerReader, enterWhole } from '../der/reader.ts'
import { TAG } from '../der/tag.ts'
import { Refusal } from '../refusal.ts'
import type { KeyFacts } from './certificate.ts'

const CURVES: Readonly<Record<string, 'P-256' | 'P-384' | 'P-521'>> = {
  '1.2.840.10045.3.1.7': 'P-256',
  '1.3.132.0.34': 'P-384',
  '1.3.132.0.35': 'P-521',
}

/** What readKey() finds: the facts that strength rules need, and the octets that a key identifier hashes. */
export interface PublicKey {
  readonly key: KeyFacts
  readonly publicKeyBits: Uint8Array
}

/**
 * Reads a SubjectPublicKeyInfo (RFC 5280 4.1.2.7, RFC 3279, 5480, 8410), whole. Refuses an RSA key that is not two
 * positive integers with KEY_BAD; judges no strength.
 */
export function readKey(spki: Uint8Array): PublicKey {
  const fields = enterWhole(spki, TAG.sequence)
  const algorithm = fields.enter(TAG.sequence)
  const oid = algorithm.oid()
  const parameters = algorithm.done ? undefined : algorithm.element()
  algorithm.finish()
  const publicKeyBits = fields.bitStringOctets()
  fields.finish()
  return { key: factsOf(oid, parameters, publicKeyBits), publicKeyBits }
}

function factsOf(oid: string, parameters: Uint8Array | undefined, publicKeyBits: Uint8Array): KeyFacts {
  switch (oid) {
    case '1.2.840.113549.1.1.1': // rsaEncryption
    case '1.2.840.113549.1.1.10': // id-RSASSA-PSS
      return rsaFacts(publicKeyBits)
    case '1.2.840.10045.2.1': {
      // Explicit parameters instead of a curve's OID are no named curve, whatever they say.
      const curve = parameters?.[0] === TAG.oid ? CURVES[new DerReader(parameters).oid()] : undefined
      return { kind: 'ec', curve: curve ?? 'other' }
    }
    case '1.3.101.112':
      return { kind: 'ed25519' }
    case '1.3.101.113':
      return { kind: 'ed448' }
    default:
      return { kind: 'other', oid }
  }
}

function rsaFacts(publicKey: Uint8Array): KeyFacts {
  const fields = enterWhole(publicKey, TAG.sequence)
  const modulus = fields.integerOctets()
  const exponent = fields.integer()
  fields.finish()
  if (modulus[0]! >= 0x80 || exponent < 0n) throw new Refusal('KEY_BAD', 'negative number in RSA key')
  return { kind: 'rsa', bits: bitLength(modulus), exponent }
}

/** Bits of a non-negative INTEGER's content octets, which hold at most one leading zero octet. */
function bitLength(octets: Uint8Array): number {
  const start = octets[0] === 0 ? 1 : 0
  if (start === octets.length) return 0
  return (octets.length - start) * 8 - (Math.clz32(octets[start]!) - 24)
}
