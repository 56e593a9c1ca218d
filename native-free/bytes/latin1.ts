import { Refusal } from '../refusal.ts'

/** Small enough for the argument list of one call. */
const CHUNK = 4096

/** One character an octet, U+0000 to U+00FF (ISO 8859-1; not the windows-1252 that TextDecoder makes of it). */
export function bytesToLatin1(bytes: Uint8Array): string {
  if (bytes.length <= CHUNK) return shortToLatin1(bytes)
  let text = ''
  for (let at = 0; at < bytes.length; at += CHUNK) text += shortToLatin1(bytes.subarray(at, at + CHUNK))
  return text
}

function shortToLatin1(bytes: Uint8Array): string {
  // Applied, not spread: spreading a typed array goes through its iterator and takes six times as long.
  return String.fromCharCode.apply(null, bytes as unknown as number[])
}

/** One octet a character. Refuses characters above U+00FF with LATIN1_BAD. */
export function latin1ToBytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0xff) throw new Refusal('LATIN1_BAD', `character above U+00FF at ${i}`, i)
    bytes[i] = code
  }
  return bytes
}
