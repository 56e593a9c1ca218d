import { bytesEqual } from '../bytes/equal.ts'
import { DerReader, enterWhole } from '../der/reader.ts'
import { contextTag, TAG } from '../der/tag.ts'
import { Refusal } from '../refusal.ts'
import type { AlgorithmIdentifier } from './certificate.ts'

export type HashName = 'SHA-224' | 'SHA-256' | 'SHA-384' | 'SHA-512'

/** How a signature is verified. `saltLength` in octets. */
export type SignatureScheme =
  | { readonly kind: 'rsa'; readonly hash: HashName }
  | { readonly kind: 'rsa-pss'; readonly hash: HashName; readonly saltLength: number }
  | { readonly kind: 'ecdsa'; readonly hash: HashName }
  | { readonly kind: 'ed25519' | 'ed448' }

/**
 * The scheme that an AlgorithmIdentifier names (RFC 4055, 5758, 8410); `weak` for MD2, MD4, MD5 and SHA-1,
 * `unsupported` for every other. RSA-PSS only with a SHA-2 hash, MGF1 with the same, and a salt no longer than it.
 */
export function signatureScheme(algorithm: AlgorithmIdentifier): SignatureScheme | 'weak' | 'unsupported' {
  if (algorithm.oid === '1.2.840.113549.1.1.10') return pssScheme(algorithm.der)
  return SCHEMES[algorithm.oid] ?? 'unsupported'
}

const SCHEMES: Readonly<Record<string, SignatureScheme | 'weak'>> = {
  '1.2.840.113549.1.1.2': 'weak', // MD2
  '1.2.840.113549.1.1.3': 'weak', // MD4
  '1.2.840.113549.1.1.4': 'weak', // MD5
  '1.2.840.113549.1.1.5': 'weak', // SHA-1
  '1.3.14.3.2.29': 'weak', // SHA-1, an older OID of the same
  '1.2.840.10045.4.1': 'weak', // ECDSA with SHA-1
  '1.2.840.10040.4.3': 'weak', // DSA with SHA-1
  '1.2.840.113549.1.1.14': { kind: 'rsa', hash: 'SHA-224' },
  '1.2.840.113549.1.1.11': { kind: 'rsa', hash: 'SHA-256' },
  '1.2.840.113549.1.1.12': { kind: 'rsa', hash: 'SHA-384' },
  '1.2.840.113549.1.1.13': { kind: 'rsa', hash: 'SHA-512' },
  '1.2.840.10045.4.3.2': { kind: 'ecdsa', hash: 'SHA-256' },
  '1.2.840.10045.4.3.3': { kind: 'ecdsa', hash: 'SHA-384' },
  '1.2.840.10045.4.3.4': { kind: 'ecdsa', hash: 'SHA-512' },
  '1.3.101.112': { kind: 'ed25519' },
  '1.3.101.113': { kind: 'ed448' },
}

const SHA1_OID = '1.3.14.3.2.26'
const HASHES: Readonly<Record<string, { readonly name: HashName; readonly octets: number }>> = {
  '2.16.840.1.101.3.4.2.4': { name: 'SHA-224', octets: 28 },
  '2.16.840.1.101.3.4.2.1': { name: 'SHA-256', octets: 32 },
  '2.16.840.1.101.3.4.2.2': { name: 'SHA-384', octets: 48 },
  '2.16.840.1.101.3.4.2.3': { name: 'SHA-512', octets: 64 },
}

/** RSASSA-PSS-params (RFC 4055 3.1). An absent hash means SHA-1. */
function pssScheme(algorithm: Uint8Array): SignatureScheme | 'weak' | 'unsupported' {
  try {
    const fields = enterWhole(algorithm, TAG.sequence)
    fields.skip(TAG.oid)
    const { hash, maskHash, saltLength } = readPssParameters(fields.enter(TAG.sequence))
    fields.finish()
    if (hash === SHA1_OID) return 'weak'
    const known = HASHES[hash]
    if (known === undefined || maskHash !== hash || saltLength > known.octets) return 'unsupported'
    return { kind: 'rsa-pss', hash: known.name, saltLength }
  } catch (cause) {
    if (cause instanceof Refusal) return 'unsupported'
    throw cause
  }
}

function readPssParameters(fields: DerReader): { hash: string; maskHash: string; saltLength: number } {
  const hash = fields.optional(contextTag(0, true))
  const mask = fields.optional(contextTag(1, true))
  const salt = fields.optional(contextTag(2, true))
  const trailer = fields.optional(contextTag(3, true))
  fields.finish()
  if (trailer !== undefined && !bytesEqual(trailer, Uint8Array.of(2, 1, 1))) {
    throw new Refusal('PSS_TRAILER', 'trailerField is not 1')
  }
  return {
    hash: hash === undefined ? SHA1_OID : readHash(enterWhole(hash, TAG.sequence)),
    maskHash: mask === undefined ? SHA1_OID : readMaskHash(mask),
    saltLength: salt === undefined ? 20 : readSaltLength(salt),
  }
}

function readMaskHash(mask: Uint8Array): string {
  const fields = enterWhole(mask, TAG.sequence)
  if (fields.oid() !== '1.2.840.113549.1.1.8') throw new Refusal('PSS_MASK', 'mask generator is not MGF1')
  const hash = readHash(fields.enter(TAG.sequence))
  fields.finish()
  return hash
}

function readHash(fields: DerReader): string {
  const hash = fields.oid()
  if (!fields.done) fields.null()
  fields.finish()
  return hash
}

function readSaltLength(salt: Uint8Array): number {
  const reader = new DerReader(salt)
  const length = reader.smallInteger(0, 1024)
  reader.finish()
  return length
}
