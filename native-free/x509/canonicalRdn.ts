import { bytesToLatin1 } from '../bytes/latin1.ts'
import { TAG } from '../der/tag.ts'
import { directoryStringUtf8 } from './directoryString.ts'

/** One AVA on its way into the canonical form: DER of its type, and tag and content of its value. */
export interface RawAva {
  readonly typeDer: Uint8Array
  readonly tag: number
  readonly value: Uint8Array
}

const UNTIDY_SPACE = /[\t-\r]| {2}|^ | $/
const RUN_OF_SPACE = /[\t-\r ]+/g
const NOT_ASCII = /[^\0-\x7f]/
const UPPER_ASCII = /[A-Z]+/g

/**
 * One RDN in OpenSSL's canonical encoding, one character an octet: a SET OF SEQUENCE { type, value } sorted by its
 * encodings, where seven string types become UTF8String, trimmed, inner white space collapsed, A to Z lowered.
 */
export function canonicalRdn(avas: readonly RawAva[]): string {
  if (avas.length === 1) return tlvText(TAG.set, canonicalAva(avas[0]!))
  return tlvText(TAG.set, avas.map(canonicalAva).sort(byCodeUnits).join(''))
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function canonicalAva(ava: RawAva): string {
  const value = becomesUtf8(ava.tag)
    ? tlvText(TAG.utf8String, tidy(directoryStringUtf8(ava.tag, ava.value)))
    : tlvText(ava.tag, bytesToLatin1(ava.value))
  return tlvText(TAG.sequence, bytesToLatin1(ava.typeDer) + value)
}

/** NumericString and GeneralString are not among them: OpenSSL leaves those as they are. */
function becomesUtf8(tag: number): boolean {
  switch (tag) {
    case TAG.utf8String:
    case TAG.printableString:
    case TAG.t61String:
    case TAG.ia5String:
    case TAG.visibleString:
    case TAG.universalString:
    case TAG.bmpString:
      return true
    default:
      return false
  }
}

/** White space and case, on octets: beyond ASCII nothing changes. Collapsing first keeps the cost linear. */
function tidy(text: string): string {
  const spaced = UNTIDY_SPACE.test(text) ? trimOne(text.replace(RUN_OF_SPACE, ' ')) : text
  return NOT_ASCII.test(spaced) ? spaced.replace(UPPER_ASCII, run => run.toLowerCase()) : spaced.toLowerCase()
}

function trimOne(text: string): string {
  const from = text.startsWith(' ') ? 1 : 0
  const to = text.endsWith(' ') ? text.length - 1 : text.length
  return from < to ? text.slice(from, to) : ''
}

function tlvText(tag: number, content: string): string {
  const length = content.length
  if (length < 0x80) return String.fromCharCode(tag, length) + content
  if (length < 0x100) return String.fromCharCode(tag, 0x81, length) + content
  if (length < 0x10000) return String.fromCharCode(tag, 0x82, length >> 8, length & 0xff) + content
  return String.fromCharCode(tag, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff) + content
}
