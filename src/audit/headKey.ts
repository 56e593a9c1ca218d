import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject } from 'node:crypto'
import { closeSync, fchmodSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import { ConfigError } from '../config/ConfigError.ts'

export interface HeadKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** The first 16 hexadecimal digits of the SHA-256 of its SubjectPublicKeyInfo. */
  readonly id: string
}

/**
 * The Ed25519 key in this PEM file, made there (0400) if there is none, with its public half beside it in FILE.pub.
 * Throws ConfigError for a key that others may read or that is none.
 */
export function loadHeadKey(path: string): HeadKey {
  const pem = readOrMake(path)
  if ((statSync(path).mode & 0o077) !== 0) {
    throw fault(path, 'may be read by others than its owner', `chmod 0400 ${path}`)
  }
  let privateKey: KeyObject
  try {
    privateKey = createPrivateKey(pem)
  } catch {
    throw fault(path, 'is no private key in PEM', 'name another file; a key is made where there is none')
  }
  if (privateKey.asymmetricKeyType !== 'ed25519') {
    throw fault(
      path,
      `is a key for ${privateKey.asymmetricKeyType}, not for Ed25519`,
      'name another file; a key is made where there is none',
    )
  }
  const publicKey = createPublicKey(privateKey)
  writeNew(publicKeyPath(path), publicKey.export({ type: 'spki', format: 'pem' }) as string, 0o444)
  return { privateKey, publicKey, id: keyIdOf(publicKey) }
}

export function publicKeyPath(path: string): string {
  return `${path}.pub`
}

export function keyIdOf(publicKey: KeyObject): string {
  return hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'hex').slice(0, 16)
}

/** Public keys by their ids, from PEM files; a file that is not there has none. */
export function readPublicKeys(paths: readonly string[]): Map<string, KeyObject> {
  const keys = new Map<string, KeyObject>()
  for (const path of paths) {
    try {
      const key = createPublicKey(readFileSync(path))
      keys.set(keyIdOf(key), key)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') continue
      throw fault(path, `is no public key in PEM (${(cause as Error).message})`, 'name another file')
    }
  }
  return keys
}

function readOrMake(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code !== 'ENOENT') throw fault(path, `cannot be read: ${message}`, 'correct its owner and mode')
  }
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  try {
    writeNew(path, pem, 0o400)
  } catch (cause) {
    throw fault(path, `cannot be made: ${(cause as Error).message}`, 'make its folder, or name another file')
  }
  return readFileSync(path, 'utf8')
}

/** Writes a file that is not there yet; one that is there is left alone. */
function writeNew(path: string, text: string, mode: number): void {
  let fd: number
  try {
    fd = openSync(path, 'wx', 0o600)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return
    throw cause
  }
  try {
    writeSync(fd, text)
    fchmodSync(fd, mode)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function fault(path: string, problem: string, advice: string): ConfigError {
  return new ConfigError([{ path, problem, advice }])
}
