import { bytesToLatin1 } from '../bytes/latin1.ts'
import { refuseDer } from '../der/derCode.ts'
import { TAG } from '../der/tag.ts'

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const NOT_ASCII = /[^\0-\x7f]/

/** Whether an attribute value with this tag octet is text at all. */
export function isStringTag(tag: number): boolean {
  switch (tag) {
    case TAG.utf8String:
    case TAG.numericString:
    case TAG.printableString:
    case TAG.t61String:
    case TAG.ia5String:
    case TAG.visibleString:
    case TAG.generalString:
    case TAG.universalString:
    case TAG.bmpString:
      return true
    default:
      return false
  }
}

/**
 * Text of a string value: UTF8String strictly as UTF-8, BMPString as UTF-16BE without surrogates, UniversalString
 * as UTF-32BE, all others as Latin-1, which is also what OpenSSL takes T61String for. Refuses with DER_BAD_STRING.
 */
export function directoryStringText(tag: number, value: Uint8Array): string {
  if (tag === TAG.bmpString) return wideText(value, 2)
  if (tag === TAG.universalString) return wideText(value, 4)
  const octets = bytesToLatin1(value)
  return tag === TAG.utf8String && NOT_ASCII.test(octets) ? decodeUtf8(value) : octets
}

/** The same text as UTF-8, one character an octet: what OpenSSL's name canonicalisation works on. */
export function directoryStringUtf8(tag: number, value: Uint8Array): string {
  if (tag === TAG.utf8String) {
    const octets = bytesToLatin1(value)
    if (NOT_ASCII.test(octets)) decodeUtf8(value)
    return octets
  }
  const text = directoryStringText(tag, value)
  return NOT_ASCII.test(text) ? bytesToLatin1(new TextEncoder().encode(text)) : text
}

function decodeUtf8(value: Uint8Array): string {
  try {
    return strictUtf8.decode(value)
  } catch {
    throw refuseDer('DER_BAD_STRING', 'UTF8String is not UTF-8')
  }
}

function wideText(value: Uint8Array, width: 2 | 4): string {
  if (value.length % width !== 0) throw refuseDer('DER_BAD_STRING', 'string ends within a character')
  let text = ''
  for (let at = 0; at < value.length; at += width) {
    let point = 0
    for (let i = 0; i < width; i++) point = point * 256 + value[at + i]!
    const surrogate = point >= 0xd800 && point <= 0xdfff
    if (surrogate || point > 0x10ffff) throw refuseDer('DER_BAD_STRING', 'string holds no Unicode character')
    text += String.fromCodePoint(point)
  }
  return text
}
