import { concatBytes } from '../bytes/concat.ts'
import { latin1ToBytes } from '../bytes/latin1.ts'
import { refuseDer } from './derCode.ts'
import { encodeOid } from './oid.ts'
import { contextTag, TAG } from './tag.ts'
import { fitsUtcTime, formatGeneralizedTime, formatUtcTime } from './time.ts'

// Encoders of DER (X.690), each returning a whole element. Made for clarity: they copy at every level.

type Bytes = Uint8Array<ArrayBuffer>

/** One element: this tag octet, the minimal definite length, the content. */
export function tlv(tag: number, content: Uint8Array): Bytes {
  return concatBytes(new Uint8Array([tag]), lengthOctets(content.length), content)
}

function lengthOctets(length: number): Bytes {
  if (length < 0x80) return new Uint8Array([length])
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  return new Uint8Array([0x80 | octets.length, ...octets])
}

/** SEQUENCE of ready elements. */
export function sequence(...parts: readonly Uint8Array[]): Bytes {
  return tlv(TAG.sequence, concatBytes(...parts))
}

/** SET of ready elements, in the order given: right for a SET of one, or where the order is received. */
export function set(...parts: readonly Uint8Array[]): Bytes {
  return tlv(TAG.set, concatBytes(...parts))
}

/** SET OF ready elements, sorted by their octets (X.690 11.6). */
export function setOf(...parts: readonly Uint8Array[]): Bytes {
  return set(...[...parts].sort(compareOctets))
}

function compareOctets(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}

/**
 * INTEGER. A Uint8Array is an unsigned big-endian magnitude of any length, leading zeros allowed. To copy the
 * content octets of a received INTEGER as they stand, use tlv(0x02, octets).
 */
export function integer(n: bigint | number | Uint8Array): Bytes {
  return tlv(TAG.integer, n instanceof Uint8Array ? unsignedOctets(n) : signedOctets(BigInt(n)))
}

function unsignedOctets(magnitude: Uint8Array): Bytes {
  let start = 0
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++
  const octets = magnitude.slice(start)
  if (octets.length === 0) return new Uint8Array([0])
  return octets[0]! & 0x80 ? concatBytes(new Uint8Array([0]), octets) : new Uint8Array(octets)
}

function signedOctets(n: bigint): Bytes {
  const octets: number[] = []
  let rest = n
  do {
    octets.unshift(Number(rest & 0xffn))
    rest >>= 8n
  } while (!(rest === 0n && octets[0]! < 0x80) && !(rest === -1n && octets[0]! >= 0x80))
  return new Uint8Array(octets)
}

/** ENUMERATED with a small non-negative value. */
export function enumerated(n: number): Bytes {
  return tlv(TAG.enumerated, signedOctets(BigInt(n)))
}

/** OBJECT IDENTIFIER from dotted form; refuses with DER_BAD_OID. */
export function oid(dotted: string): Bytes {
  return tlv(TAG.oid, encodeOid(dotted))
}

export function octetString(content: Uint8Array): Bytes {
  return tlv(TAG.octetString, content)
}

/** BIT STRING over whole octets, of which the last `unused` bits do not count and must be zero. */
export function bitString(octets: Uint8Array, unused = 0): Bytes {
  const last = octets[octets.length - 1] ?? 0
  if (unused < 0 || unused > 7 || (unused > 0 && octets.length === 0) || last & ((1 << unused) - 1)) {
    throw refuseDer('DER_BAD_BIT_STRING', 'bad unused bits')
  }
  return tlv(TAG.bitString, concatBytes(new Uint8Array([unused]), octets))
}

/** BIT STRING of named bits, such as keyUsage: bit i of `bits` is bit i of the string, trailing zeros dropped (X.690 11.2.2). */
export function namedBits(bits: number): Bytes {
  if (bits === 0) return bitString(new Uint8Array(0))
  const highest = 31 - Math.clz32(bits)
  const octets = new Uint8Array((highest >> 3) + 1)
  for (let bit = 0; bit <= highest; bit++) if (bits & (1 << bit)) octets[bit >> 3]! |= 0x80 >> (bit & 7)
  return bitString(octets, 7 - (highest & 7))
}

export function utf8String(text: string): Bytes {
  return tlv(TAG.utf8String, new TextEncoder().encode(text))
}

/** PrintableString; refuses with DER_BAD_STRING what X.680 41.4 does not allow in it. */
export function printableString(text: string): Bytes {
  if (!/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text)) throw refuseDer('DER_BAD_STRING', 'not a PrintableString')
  return tlv(TAG.printableString, latin1ToBytes(text))
}

/** IA5String; refuses with DER_BAD_STRING characters above 0x7F. */
export function ia5String(text: string): Bytes {
  if (!/^[\0-\x7f]*$/.test(text)) throw refuseDer('DER_BAD_STRING', 'not an IA5String')
  return tlv(TAG.ia5String, latin1ToBytes(text))
}

/** UTCTime from epoch seconds; refuses years outside 1950 to 2049. */
export function utcTime(seconds: number): Bytes {
  return tlv(TAG.utcTime, latin1ToBytes(formatUtcTime(seconds)))
}

/** GeneralizedTime from epoch seconds; refuses years outside 0000 to 9999. */
export function generalizedTime(seconds: number): Bytes {
  return tlv(TAG.generalizedTime, latin1ToBytes(formatGeneralizedTime(seconds)))
}

/** The Time that RFC 5280 4.1.2.5 wants: UTCTime through 2049, GeneralizedTime from 2050. */
export function time(seconds: number): Bytes {
  return fitsUtcTime(seconds) ? utcTime(seconds) : generalizedTime(seconds)
}

export function boolean(value: boolean): Bytes {
  return tlv(TAG.boolean, new Uint8Array([value ? 0xff : 0]))
}

export function nullValue(): Bytes {
  return tlv(TAG.null, new Uint8Array(0))
}

/** [tagNumber] EXPLICIT around a ready element. */
export function explicit(tagNumber: number, der: Uint8Array): Bytes {
  return tlv(contextTag(tagNumber, true), der)
}

/** [tagNumber] IMPLICIT: the content octets of the type it replaces, which may be a constructed one. */
export function implicit(tagNumber: number, content: Uint8Array, constructed = false): Bytes {
  return tlv(contextTag(tagNumber, constructed), content)
}
