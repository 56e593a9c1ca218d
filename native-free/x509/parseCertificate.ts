import { bytesEqual } from '../bytes/equal.ts'
import { type DerReader, enterWhole } from '../der/reader.ts'
import { contextTag, TAG } from '../der/tag.ts'
import { Refusal } from '../refusal.ts'
import type { AlgorithmIdentifier, Certificate, Extension } from './certificate.ts'
import type { Name } from './name.ts'
import { readName } from './parseName.ts'
import { readAlgorithm } from './readAlgorithm.ts'
import { readExtensions } from './readExtensions.ts'
import { type PublicKey, readKey } from './readKey.ts'
import {
  EXTENSION,
  parseAuthorityKeyIdentifier,
  parseBasicConstraints,
  parseExtendedKeyUsage,
  parseKeyUsage,
  parseSubjectKeyIdentifier,
} from './standardExtensions.ts'

/** RFC 5280 4.1.2.2 allows 20 octets; some CAs go beyond. */
const MAX_SERIAL_OCTETS = 32

/** The fields of TBSCertificate before they are put together. */
interface Tbs extends PublicKey {
  readonly version: 1 | 2 | 3
  readonly serial: Uint8Array
  readonly algorithm: AlgorithmIdentifier
  readonly issuer: Name
  readonly notBefore: number
  readonly notAfter: number
  readonly subject: Name
  readonly spki: Uint8Array
  readonly extensions: readonly Extension[]
}

/**
 * Reads a Certificate (RFC 5280 4.1) that `der` must be whole. Every Uint8Array of the result is a view on `der`.
 * Refuses what is not DER with a DerCode; an extension twice with EXTENSION_TWICE; different algorithms inside and
 * outside the TBSCertificate with ALGORITHM_MISMATCH; serials above 32 octets with SERIAL_TOO_LONG; RSA keys that
 * are none with KEY_BAD. Judges nothing else: whether a version 1 has extensions is left to the chain rules.
 */
export function parseCertificate(der: Uint8Array): Certificate {
  const outer = enterWhole(der, TAG.sequence)
  const start = outer.at
  const fields = readTbs(outer.enter(TAG.sequence))
  const tbs = der.subarray(start, outer.at)
  const signatureAlgorithm = readAlgorithm(outer)
  const signature = outer.bitStringOctets()
  outer.finish()
  if (!bytesEqual(fields.algorithm.der, signatureAlgorithm.der)) {
    throw new Refusal('ALGORITHM_MISMATCH', 'signature algorithms inside and outside differ')
  }
  const value = (oid: string) => fields.extensions.find(extension => extension.oid === oid)?.value
  return {
    der,
    tbs,
    version: fields.version,
    serial: fields.serial,
    signatureAlgorithm,
    issuer: fields.issuer,
    subject: fields.subject,
    notBefore: fields.notBefore,
    notAfter: fields.notAfter,
    spki: fields.spki,
    publicKeyBits: fields.publicKeyBits,
    key: fields.key,
    signature,
    extensions: fields.extensions,
    basicConstraints: parsed(value(EXTENSION.basicConstraints), parseBasicConstraints),
    keyUsage: parsed(value(EXTENSION.keyUsage), parseKeyUsage),
    extendedKeyUsage: parsed(value(EXTENSION.extendedKeyUsage), parseExtendedKeyUsage),
    subjectKeyIdentifier: parsed(value(EXTENSION.subjectKeyIdentifier), parseSubjectKeyIdentifier),
    authorityKeyIdentifier: parsed(value(EXTENSION.authorityKeyIdentifier), parseAuthorityKeyIdentifier),
  }
}

function parsed<T>(value: Uint8Array | undefined, parse: (value: Uint8Array) => T): T | undefined {
  return value === undefined ? undefined : parse(value)
}

function readTbs(fields: DerReader): Tbs {
  const version = readVersion(fields)
  const serial = fields.integerOctets()
  if (serial.length > MAX_SERIAL_OCTETS) throw new Refusal('SERIAL_TOO_LONG', 'serial above 32 octets')
  const algorithm = readAlgorithm(fields)
  const issuer = readName(fields)
  const validity = fields.enter(TAG.sequence)
  const notBefore = validity.time()
  const notAfter = validity.time()
  validity.finish()
  const subject = readName(fields)
  const spki = fields.element(TAG.sequence)
  // issuerUniqueID and subjectUniqueID: out of use, and without meaning here.
  for (const tag of [contextTag(1, false), contextTag(2, false)])
    if (fields.peek() === tag) fields.bitString(tag)
  const extensions = readExplicitExtensions(fields)
  fields.finish()
  const { key, publicKeyBits } = readKey(spki)
  return {
    version,
    serial,
    algorithm,
    issuer,
    notBefore,
    notAfter,
    subject,
    spki,
    key,
    publicKeyBits,
    extensions,
  }
}

/** [0] EXPLICIT Version DEFAULT v1; a v1 that is spelled out is not DER but is met. */
function readVersion(fields: DerReader): 1 | 2 | 3 {
  const explicit = fields.optionalEnter(contextTag(0, true))
  if (!explicit) return 1
  const version = explicit.smallInteger(0, 2)
  explicit.finish()
  return (version + 1) as 1 | 2 | 3
}

function readExplicitExtensions(fields: DerReader): readonly Extension[] {
  const explicit = fields.optionalEnter(contextTag(3, true))
  if (!explicit) return []
  const extensions = readExtensions(explicit)
  explicit.finish()
  return extensions
}
