import { type DerReader, enterWhole } from '../der/reader.ts'
import { TAG } from '../der/tag.ts'
import { Refusal } from '../refusal.ts'
import type { Certificate } from './certificate.ts'
import { type SignatureScheme, signatureScheme } from './signatureScheme.ts'

/** The two functions of WebCrypto's SubtleCrypto that verification takes; `Key` is its CryptoKey. */
export interface VerifyingSubtle<Key> {
  importKey(
    format: 'spki',
    keyData: Uint8Array<ArrayBuffer>,
    algorithm: { name: string; hash?: string; namedCurve?: string },
    extractable: boolean,
    usages: 'verify'[],
  ): Promise<Key>
  verify(
    algorithm: { name: string; hash?: string; saltLength?: number },
    key: Key,
    signature: Uint8Array<ArrayBuffer>,
    data: Uint8Array<ArrayBuffer>,
  ): Promise<boolean>
}

/**
 * Whether `issuer`'s key made the signature on `child`, by WebCrypto. Mathematics alone: names, times and strength
 * are not looked at. False also for what WebCrypto does not offer: SHA-224, Ed448, curves other than the NIST three.
 */
export async function verifySignature<Key>(
  subtle: VerifyingSubtle<Key>,
  child: Pick<Certificate, 'tbs' | 'signature' | 'signatureAlgorithm'>,
  issuer: Pick<Certificate, 'spki' | 'key'>,
): Promise<boolean> {
  const scheme = signatureScheme(child.signatureAlgorithm)
  if (typeof scheme === 'string') return false
  const parameters = parametersOf(scheme, issuer, child.signature)
  if (parameters === undefined) return false
  const { key, verify, signature } = parameters
  try {
    const imported = await subtle.importKey('spki', copy(issuer.spki), key, false, ['verify'])
    return await subtle.verify(verify, imported, copy(signature), copy(child.tbs))
  } catch {
    // A key that cannot be imported or an algorithm that is not there verifies nothing.
    return false
  }
}

interface Parameters {
  readonly key: { name: string; hash?: string; namedCurve?: string }
  readonly verify: { name: string; hash?: string; saltLength?: number }
  readonly signature: Uint8Array
}

function parametersOf(
  scheme: SignatureScheme,
  { key }: Pick<Certificate, 'key'>,
  signature: Uint8Array,
): Parameters | undefined {
  if (scheme.kind === 'ed25519' && key.kind === 'ed25519') {
    return { key: { name: 'Ed25519' }, verify: { name: 'Ed25519' }, signature }
  }
  if (scheme.kind === 'rsa' && key.kind === 'rsa') {
    const name = 'RSASSA-PKCS1-v1_5'
    return { key: { name, hash: scheme.hash }, verify: { name }, signature }
  }
  if (scheme.kind === 'rsa-pss' && key.kind === 'rsa') {
    const name = 'RSA-PSS'
    return { key: { name, hash: scheme.hash }, verify: { name, saltLength: scheme.saltLength }, signature }
  }
  if (scheme.kind === 'ecdsa' && key.kind === 'ec' && key.curve !== 'other') {
    const raw = rawEcdsaSignature(signature, COORDINATE_OCTETS[key.curve])
    if (raw === undefined) return undefined
    const name = 'ECDSA'
    return { key: { name, namedCurve: key.curve }, verify: { name, hash: scheme.hash }, signature: raw }
  }
  return undefined
}

const COORDINATE_OCTETS = { 'P-256': 32, 'P-384': 48, 'P-521': 66 } as const

/** ECDSA-Sig-Value (RFC 3279 2.2.3) as WebCrypto has it: r and s side by side, each of the curve's length. */
function rawEcdsaSignature(der: Uint8Array, octets: number): Uint8Array | undefined {
  try {
    const fields = enterWhole(der, TAG.sequence)
    const raw = new Uint8Array(2 * octets)
    const fits = putUnsigned(fields, raw.subarray(0, octets)) && putUnsigned(fields, raw.subarray(octets))
    fields.finish()
    return fits ? raw : undefined
  } catch (cause) {
    if (cause instanceof Refusal) return undefined
    throw cause
  }
}

function putUnsigned(fields: DerReader, target: Uint8Array): boolean {
  const octets = fields.integerOctets()
  if (octets[0]! >= 0x80) return false
  const magnitude = octets[0] === 0 ? octets.subarray(1) : octets
  if (magnitude.length > target.length) return false
  target.set(magnitude, target.length - magnitude.length)
  return true
}

/** WebCrypto wants plain buffers; views on a certificate may lie in a larger or shared one. */
const copy = (bytes: Uint8Array) => new Uint8Array(bytes)
