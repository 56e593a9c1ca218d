import { TAG } from '../der/tag.ts'
import { formatGeneralizedTime } from '../der/time.ts'

/**
 * Writing DER forwards into one buffer whose size was computed before: every put...() takes the buffer, the
 * offset and the value, and gives the offset after it. Nothing here checks bounds; the caller's sum does.
 */

/** Octets of tag and length in front of `length` content octets (X.690 10.1: the shortest form). */
export function headerSize(length: number): number {
  if (length < 0x80) return 2
  if (length < 0x100) return 3
  return length < 0x10000 ? 4 : 5
}

/** Octets of a whole TLV with `length` content octets. */
export function tlvSize(length: number): number {
  return headerSize(length) + length
}

/** Content may be up to 2^24 - 1 octets. */
export function putHeader(out: Uint8Array, at: number, tag: number, length: number): number {
  out[at] = tag
  if (length < 0x80) {
    out[at + 1] = length
    return at + 2
  }
  if (length < 0x100) {
    out[at + 1] = 0x81
    out[at + 2] = length
    return at + 3
  }
  if (length < 0x10000) {
    out[at + 1] = 0x82
    out[at + 2] = length >>> 8
    out[at + 3] = length & 0xff
    return at + 4
  }
  out[at + 1] = 0x83
  out[at + 2] = length >>> 16
  out[at + 3] = (length >>> 8) & 0xff
  out[at + 4] = length & 0xff
  return at + 5
}

export function putBytes(out: Uint8Array, at: number, bytes: Uint8Array): number {
  out.set(bytes, at)
  return at + bytes.length
}

/** A whole TLV around bytes that are already encoded. */
export function putTlv(out: Uint8Array, at: number, tag: number, content: Uint8Array): number {
  return putBytes(out, putHeader(out, at, tag, content.length), content)
}

const encoder = new TextEncoder()

/** Octets of a text in UTF-8. Counted for ASCII, which nearly all of ours is; encoded otherwise. */
export function utf8Size(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return encoder.encode(text).length
  return text.length
}

/** The text in UTF-8, without tag or length. */
export function putUtf8(out: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x80) return putBytes(out, at, encoder.encode(text))
    out[at + i] = code
  }
  return at + text.length
}

/** A whole TLV around a text. */
export function putText(out: Uint8Array, at: number, tag: number, text: string): number {
  return putUtf8(out, putHeader(out, at, tag, utf8Size(text)), text)
}

/** Octets of a GeneralizedTime TLV. */
export const TIME_SIZE = 17

/** GeneralizedTime YYYYMMDDHHMMSSZ from seconds since the epoch; refuses fractions with DER_BAD_TIME. */
export function putTime(out: Uint8Array, at: number, seconds: number): number {
  return putText(out, at, TAG.generalizedTime, formatGeneralizedTime(seconds))
}
