import { toHex } from '../bytes/hex.ts'
import { latin1ToBytes } from '../bytes/latin1.ts'
import type { Name } from './name.ts'

/** A digest: octets in, digest out. */
export type Digest = (bytes: Uint8Array) => Uint8Array

/** The hash that names files of a trust directory since OpenSSL 1.0; `sha1` digests the canonical encoding. */
export function nameHash(name: Name, sha1: Digest): string {
  return littleEndianHex(sha1(latin1ToBytes(name.canonical)))
}

/** The hash of OpenSSL 0.x, still found beside the other; `md5` digests the Name's DER. */
export function oldNameHash(name: Name, md5: Digest): string {
  return littleEndianHex(md5(name.der))
}

function littleEndianHex(digest: Uint8Array): string {
  return toHex(digest.slice(0, 4).reverse())
}
