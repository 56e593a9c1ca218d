import { DER_OID_CERTSEQ } from '../ac/oids.ts'
import { refuseDer } from '../der/derCode.ts'
import { DerReader } from '../der/reader.ts'
import { TAG } from '../der/tag.ts'

const COLUMNS = 5
/** Deeper than any AC (generic attributes nest to 9). */
const MAX_DEPTH = 16
/** tbs > extensions > extension > value: there an OCTET STRING holds further DER. */
const EXTENSION_VALUE_DEPTH = 3

// One table for all walks: a lint is synchronous, and nothing keeps its Elements.
let table = new Int32Array(COLUMNS * 1024)

/**
 * All elements of to-be-signed bytes as a flat table in the order in which they begin, filled by one walk. An element
 * is known by its number, the outermost being 0; `none` stands for "no such element". Extension values are walked
 * too, but for certseq, whose certificates are as they were received. Valid until the next walk.
 */
export class Elements {
  readonly bytes: Uint8Array
  private count = 0

  /** Throws Refusal<DerCode> for what is not DER, or not one single element. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    if (this.walk(0, bytes.length, 0) !== 1) throw refuseDer('DER_TRAILING_BYTES', 'more than one element', 0)
  }

  tag(element: number): number {
    return element === NONE ? -1 : table[element * COLUMNS]!
  }
  /** Offset of the first content octet. */
  from(element: number): number {
    return table[element * COLUMNS + 2]!
  }
  /** Offset past the last content octet. */
  to(element: number): number {
    return table[element * COLUMNS + 3]!
  }
  length(element: number): number {
    return this.to(element) - this.from(element)
  }

  /** The first element inside; NONE when there is none, or when `element` is NONE. */
  first(element: number): number {
    return element !== NONE && element + 1 < this.after(element) ? element + 1 : NONE
  }
  /** The element that follows `element` inside `parent`, or NONE. */
  next(parent: number, element: number): number {
    if (element === NONE) return NONE
    const after = this.after(element)
    return after < this.after(parent) ? after : NONE
  }
  /** The only element inside, when it has this tag; NONE otherwise. */
  only(parent: number, tag: number): number {
    const child = this.first(parent)
    return this.tag(child) === tag && this.next(parent, child) === NONE ? child : NONE
  }

  /** Whether the whole element, header included, is these bytes. */
  equals(element: number, der: Uint8Array): boolean {
    return element !== NONE && this.sameBytes(table[element * COLUMNS + 1]!, this.to(element), der)
  }
  contentEquals(element: number, content: Uint8Array): boolean {
    return element !== NONE && this.sameBytes(this.from(element), this.to(element), content)
  }

  private sameBytes(from: number, to: number, other: Uint8Array): boolean {
    if (to - from !== other.length) return false
    for (let i = 0; i < other.length; i++) if (this.bytes[from + i] !== other[i]) return false
    return true
  }

  /** Number of the element after this one and everything inside it. */
  private after(element: number): number {
    return table[element * COLUMNS + 4]!
  }

  /** Enters the elements of bytes[from, to) and everything inside them; returns how many there are at this level. */
  private walk(from: number, to: number, depth: number): number {
    if (depth > MAX_DEPTH) throw refuseDer('DER_TOO_DEEP', 'elements nest too deep', from)
    let at = from
    let siblings = 0
    while (at < to) {
      const element = this.enter(at, to)
      at = this.to(element)
      const tag = this.tag(element)
      if (tag & 0x20) this.walk(this.from(element), at, depth + 1)
      else if (depth === EXTENSION_VALUE_DEPTH && this.isExtensionValue(element))
        this.walkValue(element, depth)
      else this.checkPrimitive(element, tag)
      table[element * COLUMNS + 4] = this.count
      siblings++
    }
    return siblings
  }

  /** An OCTET STRING right after an OID, or after the BOOLEAN that may stand between. */
  private isExtensionValue(element: number): boolean {
    const before = this.tag(element - 1)
    return this.tag(element) === TAG.octetString && (before === TAG.oid || before === TAG.boolean)
  }

  private walkValue(element: number, depth: number): void {
    const isCertseq = this.equals(element - 1, DER_OID_CERTSEQ)
    if (!isCertseq) this.walk(this.from(element), this.to(element), depth + 1)
  }

  /** Reads one header at `at` and adds the element to the table. */
  private enter(at: number, end: number): number {
    const { bytes } = this
    if (end - at < 2) throw refuseDer('DER_TRUNCATED', 'element expected, input ends', at)
    const tag = bytes[at]!
    if (tag === 0 || (tag & 0x1f) === 0x1f) throw refuseDer('DER_HIGH_TAG', 'no tag of one octet', at)
    let length = bytes[at + 1]!
    let from = at + 2
    if (length >= 0x80) {
      const octets = length & 0x7f
      if (octets === 0 || octets > 3 || octets > end - from) {
        throw refuseDer('DER_INDEFINITE_LENGTH', 'no definite length of at most three octets', at)
      }
      length = 0
      for (let i = 0; i < octets; i++) length = length * 256 + bytes[from + i]!
      if (length < 0x80 || bytes[from] === 0) throw refuseDer('DER_NON_MINIMAL_LENGTH', 'padded length', at)
      from += octets
    }
    if (length > end - from) throw refuseDer('DER_LENGTH_BEYOND_INPUT', 'length goes beyond the input', at)
    return this.add(tag, at, from, from + length)
  }

  private add(tag: number, start: number, from: number, to: number): number {
    const element = this.count++
    const row = element * COLUMNS
    if (row + COLUMNS > table.length) {
      const larger = new Int32Array(table.length * 2)
      larger.set(table)
      table = larger
    }
    table[row] = tag
    table[row + 1] = start
    table[row + 2] = from
    table[row + 3] = to
    return element
  }

  /** The forms of X.690 8 and 11 that the primitive types of an AC may take. */
  private checkPrimitive(element: number, tag: number): void {
    switch (tag) {
      case TAG.integer:
      case TAG.boolean:
      case TAG.null:
      case TAG.oid:
      case TAG.bitString:
      case TAG.generalizedTime:
        this.check(tag, table[element * COLUMNS + 1]!, this.to(element))
    }
  }

  private check(tag: number, start: number, to: number): void {
    const reader = new DerReader(this.bytes, start, to)
    if (tag === TAG.integer) reader.integerOctets()
    else if (tag === TAG.boolean) reader.boolean()
    else if (tag === TAG.null) reader.null()
    else if (tag === TAG.oid) reader.oid()
    else if (tag === TAG.bitString) reader.bitString()
    else reader.generalizedTime()
  }
}

/** Instead of an element's number: there is none. */
export const NONE = -1
