import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'

export type EcKind = 'p256' | 'p384' | 'p521' | 'secp256k1' | 'brainpoolP256r1'
export type KeyKind = EcKind | 'ed25519' | 'ed448'
export type RsaBits = 512 | 768 | 1024 | 2048 | 3072 | 4096

/** A key pair of the kit. `spki` is the SubjectPublicKeyInfo that goes into certificates. */
export interface TestKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly spki: Uint8Array
}

const OPENSSL_CURVE: Record<EcKind, string> = {
  p256: 'prime256v1',
  p384: 'secp384r1',
  p521: 'secp521r1',
  secp256k1: 'secp256k1',
  brainpoolP256r1: 'brainpoolP256r1',
}

/** A new key of a kind that costs next to nothing to make. */
export function newKey(kind: KeyKind = 'p256'): TestKey {
  if (kind === 'ed25519') return asTestKey(generateKeyPairSync('ed25519').privateKey)
  if (kind === 'ed448') return asTestKey(generateKeyPairSync('ed448').privateKey)
  return asTestKey(generateKeyPairSync('ec', { namedCurve: OPENSSL_CURVE[kind] }).privateKey)
}

/** A new RSA key; 0.1 to 2 seconds for 2048 bits. For tests use storedRsaKey instead. */
export function newRsaKey(bits = 2048): TestKey {
  return asTestKey(generateKeyPairSync('rsa', { modulusLength: bits }).privateKey)
}

/**
 * An RSA key committed under keys/, so that tests never wait for one. There are six of 2048 bits (index 0 to 5),
 * two of 1024 and 4096, one of each other size. Everybody has them: they are for tests alone.
 */
export function storedRsaKey(bits: RsaBits = 2048, index = 0): TestKey {
  return keyFromPem(readFileSync(new URL(`keys/rsa-${bits}-${index}.pem`, import.meta.url), 'utf8'))
}

export function keyFromPem(pem: string): TestKey {
  return asTestKey(createPrivateKey(pem))
}

/** PKCS#8 PEM, unencrypted, as servers and clients read it. */
export function privateKeyPem(key: TestKey): string {
  return key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
}

function asTestKey(privateKey: KeyObject): TestKey {
  const publicKey = createPublicKey(privateKey)
  return { privateKey, publicKey, spki: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })) }
}
