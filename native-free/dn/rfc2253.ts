import { fromHex, toHex } from '../bytes/hex.ts'
import { bytesToLatin1 } from '../bytes/latin1.ts'
import { DerReader } from '../der/reader.ts'
import { tlv } from '../der/writer.ts'
import { Refusal } from '../refusal.ts'
import type { Ava, Name } from '../x509/name.ts'
import { labelOfOid, oidOfLabel } from './labels.ts'
import { escapeF0, textOf } from './oneline.ts'
import type { TextAva } from './parseOneline.ts'
import { unsafeText } from './unsafeName.ts'

/** The labels of RFC 4514 3; other types are written as OIDs. */
const LABELS = new Map(
  ['CN', 'L', 'ST', 'O', 'OU', 'C', 'STREET', 'DC', 'UID'].map(label => [oidOfLabel(label)!, label]),
)

/** A Name in the string form of RFC 4514 (and 2253): last RDN first. For display and exchange, never to authorise by. */
export function toRfc2253(name: Name): string {
  return [...name.rdns]
    .reverse()
    .map(rdn => rdn.map(avaToRfc2253).join('+'))
    .join(',')
}

function avaToRfc2253(ava: Ava): string {
  const label = LABELS.get(ava.oid)
  const text = label === undefined ? undefined : textOf(ava)
  if (text === undefined) return `${ava.oid}=#${toHex(tlv(ava.tag, ava.value))}`
  return `${label}=${escapeRfc2253(text)}`
}

function escapeRfc2253(text: string): string {
  return text
    .replace(/[,+"\\<>;]|^[# ]| $/g, '\\$&')
    .replace(/[\0-\x1f\x7f]/g, char => `\\${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

export type Rfc2253Code = 'RFC2253_SYNTAX' | 'RFC2253_UNKNOWN_LABEL' | 'RFC2253_NOT_TEXT' | 'RFC2253_UNSAFE'

/**
 * The one-line form F0 of a DN in the string form of RFC 4514, 2253 or 1779 (quotes, semicolons and spaces around
 * separators). Best effort, for importers: the order is taken to be last RDN first, string types are unknown.
 * Refuses bad syntax, labels not known here, values that are no text, and values that make an unsafe DN.
 */
export function onelineFromRfc2253(text: string): string {
  const rdns = new Rfc2253Parser(text).parse().reverse()
  const line = (ava: TextAva) => `${labelOfOid(ava.oid)}=${escapeF0(utf8Octets(ava.value))}`
  return rdns.map(rdn => `/${rdn.map(line).join('+')}`).join('')
}

function utf8Octets(text: string): string {
  return bytesToLatin1(new TextEncoder().encode(text))
}

function refuse(code: Rfc2253Code, message: string, at: number): Refusal<Rfc2253Code> {
  return new Refusal(code, `${message} at ${at}`, at)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** One pass over the text; every step moves on. */
class Rfc2253Parser {
  private readonly text: string
  private at = 0

  constructor(text: string) {
    this.text = text
  }

  parse(): TextAva[][] {
    const rdns: TextAva[][] = [[]]
    for (;;) {
      rdns.at(-1)!.push(this.ava())
      const separator = this.text.charAt(this.at++)
      if (separator === '') return rdns
      if (separator !== '+') rdns.push([])
    }
  }

  private ava(): TextAva {
    this.skipSpaces()
    const start = this.at
    const equals = this.text.indexOf('=', start)
    if (equals < 0) throw refuse('RFC2253_SYNTAX', 'no =', start)
    const label = this.text.slice(start, equals).trim()
    const oid = oidOfLabel(/^oid\./i.test(label) ? label.slice(4) : label)
    if (oid === undefined) throw refuse('RFC2253_UNKNOWN_LABEL', 'unknown label', start)
    this.at = equals + 1
    this.skipSpaces()
    const value = this.value()
    const unsafe = unsafeText(value)
    if (unsafe !== undefined) throw refuse('RFC2253_UNSAFE', `value ${unsafe}`, equals + 1)
    return { oid, value }
  }

  private value(): string {
    const first = this.text.charAt(this.at)
    if (first === '#') return this.hexValue()
    if (first === '"') return this.quotedValue()
    return this.decode(this.plainOctets(), this.at)
  }

  /** `#` and the BER of a string. */
  private hexValue(): string {
    const start = this.at
    const digits = /[0-9A-Fa-f]*/y
    digits.lastIndex = start + 1
    const hex = digits.exec(this.text)![0]
    this.at = start + 1 + hex.length
    this.expectSeparator()
    try {
      const reader = new DerReader(fromHex(hex))
      const tag = reader.peek()
      const text = textOf({ oid: '', tag, value: reader.next(tag) })
      reader.finish()
      if (text !== undefined) return text
    } catch (cause) {
      if (!(cause instanceof Refusal)) throw cause
    }
    throw refuse('RFC2253_NOT_TEXT', 'value is no string', start)
  }

  private quotedValue(): string {
    const start = this.at++
    const octets: number[] = []
    for (;;) {
      const char = this.text.charAt(this.at)
      if (char === '') throw refuse('RFC2253_SYNTAX', 'quote without end', start)
      if (char === '"') break
      this.takeCharacter(octets)
    }
    this.at++
    this.expectSeparator()
    return this.decode(octets, start)
  }

  /** Up to a separator; spaces before it do not count unless escaped. */
  private plainOctets(): number[] {
    const octets: number[] = []
    let kept = 0
    for (;;) {
      const char = this.text.charAt(this.at)
      if (char === '' || char === ',' || char === '+' || char === ';') break
      if (char === '"' || char === '<' || char === '>')
        throw refuse('RFC2253_SYNTAX', `stray ${char}`, this.at)
      this.takeCharacter(octets)
      if (char !== ' ') kept = octets.length
    }
    return octets.slice(0, kept)
  }

  /** One character or escape, as UTF-8 octets. */
  private takeCharacter(octets: number[]): void {
    if (this.text.charAt(this.at) !== '\\') {
      const point = this.text.codePointAt(this.at)!
      const char = String.fromCodePoint(point)
      this.at += char.length
      if (point < 0x80) octets.push(point)
      else octets.push(...new TextEncoder().encode(char))
      return
    }
    const pair = this.text.slice(this.at + 1, this.at + 3)
    if (/^[0-9A-Fa-f]{2}$/.test(pair)) {
      octets.push(Number.parseInt(pair, 16))
      this.at += 3
    } else if (/^[,+"\\<>;#= ]/.test(pair)) {
      octets.push(pair.charCodeAt(0))
      this.at += 2
    } else {
      throw refuse('RFC2253_SYNTAX', 'bad escape', this.at)
    }
  }

  private decode(octets: readonly number[], at: number): string {
    try {
      return utf8.decode(Uint8Array.from(octets))
    } catch {
      throw refuse('RFC2253_NOT_TEXT', 'value is not UTF-8', at)
    }
  }

  private skipSpaces(): void {
    while (this.text.charAt(this.at) === ' ') this.at++
  }

  private expectSeparator(): void {
    this.skipSpaces()
    const next = this.text.charAt(this.at)
    if (next !== '' && next !== ',' && next !== '+' && next !== ';') {
      throw refuse('RFC2253_SYNTAX', 'unexpected text after the value', this.at)
    }
  }
}
