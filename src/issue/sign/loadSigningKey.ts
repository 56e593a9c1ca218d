import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { SigningKey } from '../types.ts'

/** Why an AC key cannot be used. `signing` is a failure of the signature itself. */
export type SigningKeyCode = 'key-unreadable' | 'key-not-a-key' | 'key-mismatch' | 'signing'

/** A fault of an AC key; the message names the file and what to do, never the content. */
export class SigningKeyFault extends Error {
  readonly code: SigningKeyCode
  constructor(code: SigningKeyCode, message: string) {
    super(message)
    this.name = 'SigningKeyFault'
    this.code = code
  }
}

/**
 * Reads the private key and checks that it is the AC issuer's. Throws SigningKeyFault. Runs in the thread that
 * will sign: the key object does not leave it.
 */
export function loadSigningKey({ path, keyId }: Pick<SigningKey, 'path' | 'keyId'>): KeyObject {
  const key = parse(path, read(path))
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  if (createHash('sha256').update(spki).digest('hex') !== keyId) {
    throw new SigningKeyFault('key-mismatch', `${path}: is not the key of the AC issuer's certificate`)
  }
  return key
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown'
    throw new SigningKeyFault('key-unreadable', `${path}: cannot be read (${reason}); check path and owner`)
  }
}

function parse(path: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    throw new SigningKeyFault('key-not-a-key', `${path}: is not an unencrypted private key in PEM`)
  } finally {
    pem.fill(0)
  }
}
