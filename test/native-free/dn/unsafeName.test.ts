import { describe, expect, it } from 'vitest'
import { fromHex } from '../../../native-free/bytes/hex.ts'
import * as w from '../../../native-free/der/writer.ts'
import { unsafeName } from '../../../native-free/dn/unsafeName.ts'
import { parseName } from '../../../native-free/x509/parseName.ts'
import { nameDer } from '../x509/certificateDer.ts'

const judge = (value: Uint8Array) =>
  unsafeName(parseName(nameDer(['2.5.4.10', w.utf8String('G')], ['2.5.4.3', value])))

describe('safe are', () => {
  it.each([
    'host/x.example',
    'http://a.example/?b=c',
    'a/b=c',
    'a+b',
    'a\\b',
    'DOMAIN\\user',
    'x=/y',
    'é/日本',
    'a/xCN=b',
  ])('%s', value => {
    expect(judge(w.utf8String(value))).toBeUndefined()
  })
  it('UTF-8 under the tag of an 8-bit string', () => {
    expect(judge(w.tlv(0x14, fromHex('c389')))).toBeUndefined()
  })
  it('the empty name', () => {
    expect(unsafeName(parseName(nameDer()))).toBeUndefined()
  })
})

describe('unsafe is', () => {
  it.each([
    ['a further RDN', 'x/CN=victim', 'CN holds what reads as a further attribute'],
    ['one with a label in other case', 'x/eMail=v', 'CN holds what reads as a further attribute'],
    ['one with a dotted OID', 'x/2.5.4.3=v', 'CN holds what reads as a further attribute'],
    [
      'one with an arc of many digits',
      `x/2.${'9'.repeat(200)}=v`,
      'CN holds what reads as a further attribute',
    ],
    ['a further attribute', 'x+UID=v', 'CN holds what reads as a further attribute'],
    ['one at the very start', '/CN=v', 'CN holds what reads as a further attribute'],
    ['NUL', 'a\0b', 'CN holds a control character'],
    ['a line end', 'a\n', 'CN holds a control character'],
    ['DEL', 'a\x7f', 'CN holds a control character'],
    ['a control character beyond ASCII', 'a\x85', 'CN holds a control character'],
    ['an escaped slash', 'a\\/b', 'CN holds a backslash that reads as an escape'],
    ['an escaped plus', 'a\\+b', 'CN holds a backslash that reads as an escape'],
    ['an escaped octet', 'a\\xE9', 'CN holds a backslash that reads as an escape'],
    [
      'a backslash at the end, which escapes what follows',
      'a\\',
      'CN holds a backslash that reads as an escape',
    ],
  ])('%s', (_, value, reason) => {
    expect(judge(w.utf8String(value))).toBe(reason)
  })

  it.each([
    ['KELVIN SIGN, a K in any key', '\u212aim'],
    ['GREEK QUESTION MARK, a semicolon', 'a\u037e'],
    ['GREEK VARIA, a backquote', '\u1fef'],
  ])('%s', (_, value) => {
    expect(judge(w.utf8String(value))).toBe('CN holds a character that reads as an ASCII one')
  })

  it.each([
    ['an OCTET STRING', w.octetString(w.ia5String('victim').subarray(2))],
    ['a BIT STRING', w.bitString(w.ia5String('victim').subarray(2))],
    ['an INTEGER', w.tlv(0x02, w.ia5String('victim').subarray(2))],
    ['a SEQUENCE', w.sequence()],
    ['a context-specific tag', w.tlv(0x8c, w.ia5String('victim').subarray(2))],
  ])('what is no text though it prints like one: %s', (_, value) => {
    expect(judge(value)).toBe('CN is no text')
  })

  it('the same as BMPString', () => {
    expect(judge(w.tlv(0x1e, fromHex('0078002f0043004e003d0076')))).toBe(
      'CN holds what reads as a further attribute',
    )
  })
})
