import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Credential } from './issueCertificate.ts'
import { privateKeyPem } from './keys.ts'

/** Writes a certificate, its further chain after it, 0644. */
export function writeCertificateFile(
  path: string,
  credential: Credential,
  chain: readonly Credential[] = [],
): void {
  write(path, [credential, ...chain].map(one => one.pem).join(''), 0o644)
}

/** Writes a private key as PKCS#8 PEM, 0400: what clients and servers insist on. */
export function writeKeyFile(path: string, credential: Pick<Credential, 'key'>): void {
  write(path, privateKeyPem(credential.key), 0o400)
}

/** Writes a proxy file, 0600: proxy certificate, its key, then the chain up to the EEC. */
export function writeProxyFile(path: string, proxy: Credential, chain: readonly Credential[]): void {
  write(path, proxy.pem + privateKeyPem(proxy.key) + chain.map(one => one.pem).join(''), 0o600)
}

function write(path: string, text: string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text, { mode })
  chmodSync(path, mode)
}
