import { createHash } from 'node:crypto'
import { parseName } from '../../native-free/x509/parseName.ts'

/** The eight hex digits that name a CA's files: `new` is OpenSSL's since 1.0 (SHA-1), `old` the one before (MD5). */
export function subjectHash(name: Uint8Array, style: 'new' | 'old'): string {
  const digest =
    style === 'old'
      ? createHash('md5').update(name).digest()
      : createHash('sha1')
          .update(Buffer.from(parseName(name).canonical, 'latin1'))
          .digest()
  return digest.readUInt32LE(0).toString(16).padStart(8, '0')
}
