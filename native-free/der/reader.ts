import { type DerCode, refuseDer } from './derCode.ts'
import { decodeOid } from './oid.ts'
import { TAG } from './tag.ts'
import { decodeGeneralizedTime, decodeUtcTime } from './time.ts'

export type { DerCode }

/** Certificates and ACs nest to about 12; deeper input is hostile. */
export const MAX_DEPTH = 32

/** A BIT STRING: its octets, and how many low bits of the last one do not count. */
export interface BitString {
  readonly octets: Uint8Array
  readonly unused: number
}

/**
 * By tag octet: the universal types in the form that DER does not give them (X.690 8, 10.2): EXTERNAL, EMBEDDED PDV,
 * SEQUENCE and SET are constructed, all others are primitive.
 */
const OTHER_FORM = Uint8Array.from({ length: 0x40 }, (_, tag) => {
  const isConstructed = tag >= 0x20
  return [0x08, 0x0b, 0x10, 0x11].includes(tag & 0x1f) === isConstructed ? 0 : 1
})

/**
 * A cursor over bytes[start, end) that must hold DER elements (X.690), one after another. Reads return views on
 * `bytes`, never copies. Everything that is not DER throws a Refusal<DerCode>; offsets in it count from the
 * start of `bytes`. Call finish() when no element may follow.
 */
export class DerReader {
  readonly bytes: Uint8Array
  readonly end: number
  readonly depth: number
  /** Offset in `bytes` of the next element. */
  at: number
  // Content of the element that advance() passed; kept here so that reading a header allocates nothing.
  private from = 0
  private to = 0

  constructor(bytes: Uint8Array, start = 0, end = bytes.length, depth = 0) {
    this.bytes = bytes
    this.at = start
    this.end = end
    this.depth = depth
  }

  /** Whether all elements have been read. */
  get done(): boolean {
    return this.at >= this.end
  }

  /** The next element's tag octet, or -1 at the end. */
  peek(): number {
    return this.at < this.end ? this.bytes[this.at]! : -1
  }

  /** Refuses with DER_TRAILING_BYTES unless all elements have been read. */
  finish(): void {
    if (this.at < this.end) throw refuseDer('DER_TRAILING_BYTES', 'unexpected bytes', this.at)
  }

  /** Content octets of the next element, which must have this tag octet. */
  next(tag: number): Uint8Array {
    this.advance(tag)
    return this.bytes.subarray(this.from, this.to)
  }

  /** The next element whole, header included; of any tag when none is given. */
  element(tag?: number): Uint8Array {
    const start = this.at
    this.advance(tag)
    return this.bytes.subarray(start, this.to)
  }

  /** Passes over the next element; of any tag when none is given. */
  skip(tag?: number): void {
    this.advance(tag)
  }

  /** A cursor over the content of the next element. Refuses with DER_TOO_DEEP below MAX_DEPTH. */
  enter(tag: number): DerReader {
    this.advance(tag)
    if (this.depth >= MAX_DEPTH) throw refuseDer('DER_TOO_DEEP', 'elements nest too deep', this.from)
    return new DerReader(this.bytes, this.from, this.to, this.depth + 1)
  }

  /** The element's content when the next tag octet is this one, else undefined and nothing is read. */
  optional(tag: number): Uint8Array | undefined {
    return this.peek() === tag ? this.next(tag) : undefined
  }

  /** As enter() when the next tag octet is this one, else undefined and nothing is read. */
  optionalEnter(tag: number): DerReader | undefined {
    return this.peek() === tag ? this.enter(tag) : undefined
  }

  /** Content octets of an INTEGER, two's complement; refuses empty and padded ones (X.690 8.3.2). */
  integerOctets(tag: number = TAG.integer): Uint8Array {
    this.advance(tag)
    this.checkInteger()
    return this.bytes.subarray(this.from, this.to)
  }

  /** An INTEGER of any size. */
  integer(tag: number = TAG.integer): bigint {
    const octets = this.integerOctets(tag)
    let hex = '0x'
    for (const octet of octets) hex += octet < 16 ? `0${octet.toString(16)}` : octet.toString(16)
    return BigInt.asIntN(octets.length * 8, BigInt(hex))
  }

  /** An INTEGER within min..max (safe integers), else DER_INTEGER_RANGE. */
  smallInteger(min: number, max: number, tag: number = TAG.integer): number {
    this.advance(tag)
    this.checkInteger()
    const { bytes, from, to } = this
    if (to - from > 7) throw refuseDer('DER_INTEGER_RANGE', 'INTEGER too large', from)
    let value = bytes[from]! >= 0x80 ? bytes[from]! - 0x100 : bytes[from]!
    for (let at = from + 1; at < to; at++) value = value * 256 + bytes[at]!
    if (value < min || value > max)
      throw refuseDer('DER_INTEGER_RANGE', `INTEGER not in ${min}..${max}`, from)
    return value
  }

  /** An OBJECT IDENTIFIER in dotted form. */
  oid(tag: number = TAG.oid): string {
    this.advance(tag)
    return decodeOid(this.bytes, this.from, this.to)
  }

  octetString(tag: number = TAG.octetString): Uint8Array {
    return this.next(tag)
  }

  /** A BIT STRING. Refuses a bad count of unused bits and unused bits that are not zero (X.690 11.2.1). */
  bitString(tag: number = TAG.bitString): BitString {
    this.advance(tag)
    const { bytes, from, to } = this
    const unused = from < to ? bytes[from]! : 8
    const wrong =
      unused > 7 || (unused > 0 && (to - from < 2 || (bytes[to - 1]! & ((1 << unused) - 1)) !== 0))
    if (wrong) throw refuseDer('DER_BAD_BIT_STRING', 'bad unused bits in BIT STRING', from)
    return { octets: bytes.subarray(from + 1, to), unused }
  }

  /** Octets of a BIT STRING that is a whole number of them, as keys and signatures are. */
  bitStringOctets(tag: number = TAG.bitString): Uint8Array {
    const start = this.at
    const { octets, unused } = this.bitString(tag)
    if (unused !== 0) throw refuseDer('DER_BAD_BIT_STRING', 'BIT STRING is not whole octets', start)
    return octets
  }

  /**
   * A BOOLEAN. DER knows only 0x00 and 0xFF (X.690 11.1); with `anyNonZero` every other octet is true too, as
   * received certificates are read in practice.
   */
  boolean(anyNonZero = false, tag: number = TAG.boolean): boolean {
    this.advance(tag)
    const octet = this.bytes[this.from]
    if (this.to - this.from !== 1) throw refuseDer('DER_BAD_BOOLEAN', 'BOOLEAN is not one octet', this.from)
    if (octet !== 0 && octet !== 0xff && !anyNonZero) {
      throw refuseDer('DER_BAD_BOOLEAN', 'BOOLEAN is neither 00 nor FF', this.from)
    }
    return octet !== 0
  }

  null(): void {
    this.advance(TAG.null)
    if (this.to !== this.from) throw refuseDer('DER_BAD_NULL', 'NULL with content', this.from)
  }

  /** A Time (RFC 5280 4.1.2.5): UTCTime or GeneralizedTime, as epoch seconds. */
  time(): number {
    return this.peek() === TAG.utcTime ? this.utcTime() : this.generalizedTime()
  }

  utcTime(tag: number = TAG.utcTime): number {
    this.advance(tag)
    return decodeUtcTime(this.bytes, this.from, this.to)
  }

  generalizedTime(tag: number = TAG.generalizedTime): number {
    this.advance(tag)
    return decodeGeneralizedTime(this.bytes, this.from, this.to)
  }

  private checkInteger(): void {
    const { bytes, from, to } = this
    if (to === from) throw refuseDer('DER_BAD_INTEGER', 'INTEGER without content', from)
    if (to - from === 1) return
    const first = bytes[from]!
    const signOfSecond = bytes[from + 1]! & 0x80
    if ((first === 0 && !signOfSecond) || (first === 0xff && signOfSecond)) {
      throw refuseDer('DER_BAD_INTEGER', 'INTEGER with padding', from)
    }
  }

  /** Reads one header, sets from/to to the content, and moves past the element. */
  private advance(tag: number | undefined): void {
    const { bytes, end } = this
    let at = this.at
    if (end - at < 2) throw refuseDer('DER_TRUNCATED', 'element expected, input ends', at)
    const found = bytes[at]!
    if (tag !== undefined && found !== tag) throw unexpectedTag(tag, found, at)
    if ((found & 0x1f) === 0x1f) throw refuseDer('DER_HIGH_TAG', 'tag of several octets', at)
    if (found === 0) throw refuseDer('DER_UNEXPECTED_TAG', 'end-of-contents octets', at)
    if (found < 0x40 && OTHER_FORM[found] === 1) {
      throw refuseDer('DER_UNEXPECTED_TAG', 'a form that its type never has', at)
    }
    let length = bytes[at + 1]!
    at += 2
    if (length >= 0x80) {
      const lengthOctets = length & 0x7f
      length = this.longLength(at, lengthOctets)
      at += lengthOctets
    }
    if (length > end - at) throw refuseDer('DER_LENGTH_BEYOND_INPUT', 'length goes beyond the input', at)
    this.from = at
    this.to = at + length
    this.at = this.to
  }

  private longLength(at: number, lengthOctets: number): number {
    const { bytes, end } = this
    if (lengthOctets === 0) throw refuseDer('DER_INDEFINITE_LENGTH', 'indefinite length', at)
    if (lengthOctets > end - at) throw refuseDer('DER_TRUNCATED', 'input ends within a length', at)
    if (bytes[at] === 0) throw refuseDer('DER_NON_MINIMAL_LENGTH', 'length with padding', at)
    if (lengthOctets > 4) throw refuseDer('DER_LENGTH_BEYOND_INPUT', 'length above 32 bits', at)
    let length = 0
    for (let i = 0; i < lengthOctets; i++) length = length * 256 + bytes[at + i]!
    if (length < 0x80) throw refuseDer('DER_NON_MINIMAL_LENGTH', 'short length in long form', at)
    return length
  }
}

function unexpectedTag(expected: number, found: number, at: number) {
  const [want, have] = [expected, found].map(tag => tag.toString(16).padStart(2, '0'))
  return refuseDer('DER_UNEXPECTED_TAG', `tag ${want} expected, ${have} found`, at)
}

/** A cursor over the content of the one element that `bytes` must be, with nothing after it. */
export function enterWhole(bytes: Uint8Array, tag: number): DerReader {
  const outer = new DerReader(bytes)
  const inner = outer.enter(tag)
  outer.finish()
  return inner
}
