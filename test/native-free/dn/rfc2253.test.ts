import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromHex } from '../../../native-free/bytes/hex.ts'
import * as w from '../../../native-free/der/writer.ts'
import { keyOfName } from '../../../native-free/dn/keyOfName.ts'
import { keyOfString } from '../../../native-free/dn/keyOfString.ts'
import { nameFromOneline } from '../../../native-free/dn/nameFromOneline.ts'
import { onelineFromRfc2253, toRfc2253 } from '../../../native-free/dn/rfc2253.ts'
import { unsafeName } from '../../../native-free/dn/unsafeName.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import { parseName } from '../../../native-free/x509/parseName.ts'
import { certificateOfSubject, nameDer } from '../x509/certificateDer.ts'
import { type OpensslFolder, opensslFolder } from '../x509/opensslFolder.ts'
import { randomName } from '../x509/randomName.ts'

let folder: OpensslFolder
beforeAll(() => {
  folder = opensslFolder()
})
afterAll(() => folder[Symbol.dispose]())

describe('a Name as RFC 4514 text', () => {
  it.each([
    ['/C=IT/O=Grid/CN=Some Body', 'CN=Some Body,O=Grid,C=IT'],
    ['/DC=org/CN=host\\/a', 'CN=host/a,DC=org'],
    ['/CN=a,b;c<d>e"f\\g', 'CN=a\\,b\\;c\\<d\\>e\\"f\\\\g'],
    ['/CN=#a#/O= b c ', 'O=\\ b c\\ ,CN=\\#a#'],
    ['/CN=é', 'CN=é'],
    ['/CN=a+UID=b', 'CN=a+UID=b'],
    ['/CN=a\\+b', 'CN=a\\+b'],
  ])('%s', (text, expected) => {
    const name = parseName(nameFromOneline(text))
    expect(toRfc2253(name)).toBe(expected)
    folder.write('n.der', certificateOfSubject(name.der))
    const nameopt = 'RFC2253,-esc_msb,utf8'
    const theirs = folder.run(
      'x509',
      '-inform',
      'DER',
      '-in',
      'n.der',
      '-noout',
      '-subject',
      '-nameopt',
      nameopt,
    )
    // openssl turns the attributes of an RDN around as well.
    if (!expected.includes('+')) expect(theirs).toBe(`subject=${expected}\n`)
  })

  it.each([
    [
      'other types as OID and BER',
      nameDer(['1.2.840.113549.1.9.1', w.ia5String('a@b')]),
      '1.2.840.113549.1.9.1=#1603614062',
    ],
    ['values that are no strings', nameDer(['2.5.4.3', w.bitString(fromHex('ff'))]), '2.5.4.3=#030200ff'],
    ['control characters', nameDer(['2.5.4.3', w.utf8String('a\0\n')]), 'CN=a\\00\\0a'],
    ['the empty name', nameDer(), ''],
  ])('%s', (_, der, expected) => {
    expect(toRfc2253(parseName(der))).toBe(expected)
  })
})

describe('one-line text from RFC 4514, 2253 and 1779 text', () => {
  it.each([
    ['CN=Some Body,O=Grid,C=IT', '/C=IT/O=Grid/CN=Some Body'],
    ['CN = Some Body , O=Grid;C=IT', '/C=IT/O=Grid/CN=Some Body'],
    ['EMAILADDRESS=a@b, CN=x', '/CN=x/emailAddress=a@b'],
    ['OID.2.5.4.3=x,1.2.3=y', '/1.2.3=y/CN=x'],
    ['CN="a, b\\"c",O=d', '/O=d/CN=a, b"c'],
    ['CN=a\\,b\\ ,O=\\#x', '/O=#x/CN=a,b '],
    ['CN=host/a.example', '/CN=host\\/a.example'],
    ['CN=a+UID=b', '/CN=a+UID=b'],
    ['CN=a\\+b', '/CN=a\\+b'],
    ['CN=\\C3\\A9', '/CN=\\xC3\\xA9'],
    ['CN=é', '/CN=\\xC3\\xA9'],
    ['CN=#0c0161', '/CN=a'],
    ['CN=,O=x', '/O=x/CN='],
  ])('%s', (text, expected) => {
    expect(onelineFromRfc2253(text)).toBe(expected)
  })

  it.each([
    ['', 'RFC2253_SYNTAX'],
    ['x', 'RFC2253_SYNTAX'],
    ['CN=a,', 'RFC2253_SYNTAX'],
    ['CN=a\\', 'RFC2253_SYNTAX'],
    ['CN=a\\z', 'RFC2253_SYNTAX'],
    ['CN="a', 'RFC2253_SYNTAX'],
    ['CN="a"b', 'RFC2253_SYNTAX'],
    ['CN=a"b', 'RFC2253_SYNTAX'],
    ['CN=a<b', 'RFC2253_SYNTAX'],
    ['CN=#0c0161z', 'RFC2253_SYNTAX'],
    ['/C=IT/CN=a', 'RFC2253_UNKNOWN_LABEL'],
    ['NOBODY=a', 'RFC2253_UNKNOWN_LABEL'],
    ['CN=#0c02', 'RFC2253_NOT_TEXT'],
    ['CN=#0', 'RFC2253_NOT_TEXT'],
    ['CN=#', 'RFC2253_NOT_TEXT'],
    ['CN=#030100', 'RFC2253_NOT_TEXT'],
    ['CN=\\FF', 'RFC2253_NOT_TEXT'],
    ['CN=x/CN=victim', 'RFC2253_UNSAFE'],
    ['CN=a\\00', 'RFC2253_UNSAFE'],
  ])('refuses %j with %s', (text, code) => {
    expect(() => onelineFromRfc2253(text)).toThrow(expect.objectContaining({ code }))
  })

  it('brings back the key of every safe Name', () => {
    fc.assert(
      fc.property(randomName, der => {
        const name = parseName(der)
        fc.pre(unsafeName(name) === undefined)
        expect(keyOfString(onelineFromRfc2253(toRfc2253(name)))).toBe(keyOfName(name))
      }),
      { numRuns: 400 },
    )
  })

  it('never throws anything but a refusal', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('CN=', 'a', ',', '+', ';', '"', '\\', '#', '0', ' ', 'é', '/'), {
          maxLength: 12,
        }),
        parts => {
          try {
            expect(onelineFromRfc2253(parts.join(''))).toMatch(/^\//)
          } catch (cause) {
            expect(cause).toBeInstanceOf(Refusal)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})
