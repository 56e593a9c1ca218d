import fc from 'fast-check'
import { latin1ToBytes } from '../../../native-free/bytes/latin1.ts'
import * as w from '../../../native-free/der/writer.ts'

/** Text that stresses names: separators, escapes, labels, white space, case, letters beyond ASCII. */
const piece = fc.constantFrom(
  ...[
    'a',
    'B',
    'z9',
    ' ',
    '  ',
    '/',
    '+',
    '\\',
    '=',
    ',',
    ':',
    '#',
    '"',
    'CN=',
    '/x',
    'host/',
    'é',
    'É',
    'ß',
    'Ω',
  ],
)
const text = fc.array(piece, { minLength: 1, maxLength: 6 }).map(pieces => pieces.join(''))
const astral = fc.oneof(text, fc.constantFrom('日本', '😀', 'e\u0301', 'İ'))

const latin1 = (value: string) => latin1ToBytes(value.replace(/[^\0-\xff]/g, '?'))
const ascii = (value: string) => latin1ToBytes(value.replace(/[^\0-\x7f]/g, '?'))
const utf16 = (value: string) =>
  Uint8Array.from(
    Array.from(value).flatMap(c => (c.length > 1 ? [0, 63] : [c.charCodeAt(0) >> 8, c.charCodeAt(0) & 255])),
  )
const utf32 = (value: string) =>
  Uint8Array.from(
    Array.from(value, c => c.codePointAt(0)!).flatMap(p => [0, p >> 16, (p >> 8) & 255, p & 255]),
  )

const value = fc.oneof(
  { weight: 4, arbitrary: astral.map(w.utf8String) },
  { weight: 2, arbitrary: text.map(t => w.printableString(t.replace(/[^A-Za-z0-9 '()+,\-./:=?]/g, '-'))) },
  text.map(t => w.tlv(0x14, latin1(t))),
  text.map(t => w.tlv(0x16, ascii(t))),
  astral.map(t => w.tlv(0x1e, utf16(t))),
  astral.map(t => w.tlv(0x1c, utf32(t))),
)

const type = fc.constantFrom(
  ...['2.5.4.3', '2.5.4.10', '2.5.4.11', '2.5.4.6', '2.5.4.5', '2.5.4.12', '0.9.2342.19200300.100.1.1'],
  ...['0.9.2342.19200300.100.1.25', '1.2.840.113549.1.9.1', '1.2.3.4.5'],
)
const ava = fc.tuple(type, value).map(([oid, der]) => w.sequence(w.oid(oid), der))
const rdn = fc
  .oneof({ weight: 4, arbitrary: fc.tuple(ava) }, fc.array(ava, { minLength: 2, maxLength: 3 }))
  .map(avas => w.setOf(...avas))

/** DER of Names with the odd features that grid certificates show, one to five RDNs. */
export const randomName = fc.array(rdn, { minLength: 1, maxLength: 5 }).map(rdns => w.sequence(...rdns))
