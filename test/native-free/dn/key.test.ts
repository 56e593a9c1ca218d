import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex } from '../../../native-free/bytes/hex.ts'
import * as w from '../../../native-free/der/writer.ts'
import { flattenedKeyOfName, keyOfName } from '../../../native-free/dn/keyOfName.ts'
import { keyOfString } from '../../../native-free/dn/keyOfString.ts'
import { keyValue } from '../../../native-free/dn/keyValue.ts'
import { nameFromOneline } from '../../../native-free/dn/nameFromOneline.ts'
import { onelineF0, onelineF1 } from '../../../native-free/dn/oneline.ts'
import { unsafeName } from '../../../native-free/dn/unsafeName.ts'
import { parseName } from '../../../native-free/x509/parseName.ts'
import { nameDer } from '../x509/certificateDer.ts'
import { randomName } from '../x509/randomName.ts'

const CN = '2.5.4.3'
const cn = (value: Uint8Array) => keyOfName(parseName(nameDer([CN, value])))

describe('texts of one name have one key', () => {
  it.each([
    ['/C=IT/O=Grid/CN=Some Body', '/c=it/o=grid/cn=some body'],
    ['/C=it/o=GRID/cn=  some \t body ', '/c=it/o=grid/cn=some body'],
    ['/CN=a/Email=A@b', '/cn=a/emailaddress=a@b'],
    ['/CN=a/E=a@b', '/cn=a/emailaddress=a@b'],
    ['/CN=a/1.2.840.113549.1.9.1=a@b', '/cn=a/emailaddress=a@b'],
    ['/CN=a/USERID=x', '/cn=a/uid=x'],
    ['/CN=a/0.9.2342.19200300.100.1.1=x', '/cn=a/uid=x'],
    ['/S=x/ST=y', '/st=x/st=y'],
    ['/SURNAME=x/SN=y/GIVENNAME=z', '/sn=x/sn=y/gn=z'],
    ['/CN=host/a', '/cn=host\\2fa'],
    ['/CN=host\\/a', '/cn=host\\2fa'],
    ['/CN=a+b', '/cn=a\\2bb'],
    ['/CN=a\\b', '/cn=a\\5cb'],
    ['/CN=#a#', '/cn=\\23a#'],
    ['/UID=2+CN=1', '/cn=1+uid=2'],
    ['/CN=\\xC3\\x89', '/cn=é'],
    ['/CN=\\xC9', '/cn=é'],
    ['/CN=É', '/cn=é'],
    ['/CN=E\u0301', '/cn=é'],
    ['/CN=ΑΣ', '/cn=ας'.replace('ς', 'σ')],
    ['/1.2.3=X', '/1.2.3=x'],
    [`/CN=x/2.${'9'.repeat(100)}=U`, `/cn=x/2.${'9'.repeat(100)}=u`],
    [`/CN=x/1${'.2'.repeat(100)}=U`, `/cn=x/1${'.2'.repeat(100)}=u`],
    ['', ''],
  ])('%j', (text, key) => {
    expect(keyOfString(text)).toBe(key)
  })
})

describe('the key of a Name', () => {
  it.each([
    ['UTF8String', w.utf8String('É'), '/cn=é'],
    ['T61String', w.tlv(0x14, fromHex('c9')), '/cn=é'],
    ['BMPString', w.tlv(0x1e, fromHex('00c9')), '/cn=é'],
    ['UniversalString', w.tlv(0x1c, fromHex('000000c9')), '/cn=é'],
    ['NumericString', w.tlv(0x12, fromHex('31')), '/cn=1'],
    ['no string', w.bitString(fromHex('ff')), '/cn=#00ff'],
    ['text that begins like one', w.utf8String('#00ff'), '/cn=\\2300ff'],
  ])('with %s', (_, value, key) => {
    expect(cn(value)).toBe(key)
  })

  it('flattens RDNs of several attributes, in their order, as a second chance', () => {
    expect(flattenedKeyOfName(parseName(nameFromOneline('/O=G/UID=2+CN=1')))).toBe('/o=g/cn=1/uid=2')
    expect(flattenedKeyOfName(parseName(nameFromOneline('/O=G/CN=1')))).toBeUndefined()
  })

  it('is that of its own F0 and F1 texts, for names whose text is theirs alone', () => {
    let seen = 0
    fc.assert(
      fc.property(randomName, der => {
        const name = parseName(der)
        // Octets of wide strings do not survive in text; rowMatches() knows such texts by equality.
        const narrow = name.rdns.flat().every(ava => ava.tag !== 0x1e && ava.tag !== 0x1c)
        fc.pre(unsafeName(name) === undefined && narrow)
        // Latin-1 octets that happen to be UTF-8 read as UTF-8.
        fc.pre(
          name.rdns
            .flat()
            .every(
              ava => ava.tag !== 0x14 || !/[\xc2-\xf4][\x80-\xbf]/.test(String.fromCharCode(...ava.value)),
            ),
        )
        seen++
        expect(keyOfString(onelineF0(name))).toBe(keyOfName(name))
        expect(keyOfString(onelineF1(name))).toBe(flattenedKeyOfName(name) ?? keyOfName(name))
      }),
      { numRuns: 400 },
    )
    expect(seen).toBeGreaterThan(100)
  })
})

describe('text that is no DN', () => {
  it.each(['foo', 'CN=a', '*', ' ', '/', '/x=y', '+CN=a'])('%j has a key that no Name has', text => {
    expect(keyOfString(text)).not.toMatch(/^\//)
  })
})

it('values are in their final form after one pass', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      const once = keyValue(text)
      fc.pre(!/[\\/+]|^\s*#/.test(text))
      expect(keyValue(once)).toBe(once)
    }),
    { numRuns: 2000 },
  )
})

it('any text has a key', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      expect(typeof keyOfString(text)).toBe('string')
      expect(typeof keyOfString(`/CN=${text}`)).toBe('string')
    }),
  )
})
