import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex } from '../../../native-free/bytes/hex.ts'
import * as w from '../../../native-free/der/writer.ts'
import { nameFromOneline } from '../../../native-free/dn/nameFromOneline.ts'
import { onelineF0, onelineF1 } from '../../../native-free/dn/oneline.ts'
import { dnSpellings, rowMatches } from '../../../native-free/dn/spellings.ts'
import { unsafeName } from '../../../native-free/dn/unsafeName.ts'
import { parseName } from '../../../native-free/x509/parseName.ts'
import { nameDer } from '../x509/certificateDer.ts'
import { randomName } from '../x509/randomName.ts'

const name = (text: string) => parseName(nameFromOneline(text))
const CN = '2.5.4.3'

describe('spellings', () => {
  it.each([
    ['/C=IT/O=Grid/CN=Some Body', ['/C=IT/O=Grid/CN=Some Body']],
    ['/CN=host\\/a', ['/CN=host\\/a', '/CN=host/a']],
    ['/CN=é', ['/CN=\\xC3\\xA9', '/CN=é']],
    ['/CN=a/emailAddress=b@c', ['/CN=a/emailAddress=b@c', '/CN=a/Email=b@c', '/CN=a/E=b@c']],
    ['/CN=a/UID=b', ['/CN=a/UID=b', '/CN=a/USERID=b', '/CN=a/0.9.2342.19200300.100.1.1=b']],
    [
      '/CN=a+UID=b',
      [
        '/CN=a+UID=b',
        '/CN=a/UID=b',
        '/CN=a+USERID=b',
        '/CN=a/USERID=b',
        '/CN=a+0.9.2342.19200300.100.1.1=b',
        '/CN=a/0.9.2342.19200300.100.1.1=b',
      ],
    ],
  ])('of %s', (text, expected) => {
    expect(dnSpellings(name(text))).toEqual(expected)
  })

  it('of a T61String hold its octets, the same as UTF-8, and the text', () => {
    const t61 = parseName(nameDer([CN, w.tlv(0x14, fromHex('e9'))]))
    expect(dnSpellings(t61)).toEqual(['/CN=\\xE9', '/CN=\\xC3\\xA9', '/CN=é'])
  })

  it('are none for the empty name and for an unsafe one', () => {
    expect(dnSpellings(parseName(nameDer()))).toEqual([])
    expect(dnSpellings(name('/CN=x\\/CN=victim'))).toEqual([])
  })

  it('are at most 24, distinct, F0 and F1 first, and all match', () => {
    fc.assert(
      fc.property(randomName, der => {
        const parsed = parseName(der)
        fc.pre(unsafeName(parsed) === undefined)
        const spellings = dnSpellings(parsed)
        expect(spellings.length).toBeLessThanOrEqual(24)
        expect(new Set(spellings).size).toBe(spellings.length)
        const wide = parsed.rdns.flat().filter(({ tag }) => tag === 0x1e || tag === 0x1c)
        if (wide.every(({ value }) => value.includes(0))) {
          expect(spellings[0]).toBe(onelineF0(parsed))
          expect(spellings).toContain(onelineF1(parsed))
        }
        for (const spelling of spellings) {
          expect(rowMatches(parsed, spelling)).toBe(true)
          expect(
            rowMatches(
              parsed,
              spelling.replace(/[a-z]/g, c => c.toUpperCase()),
            ),
          ).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('stay below the limit for a name with every odd feature', () => {
    const odd = parseName(
      w.sequence(
        w.set(
          w.sequence(w.oid(CN), w.tlv(0x14, fromHex('e92f78'))),
          w.sequence(w.oid('0.9.2342.19200300.100.1.1'), w.utf8String('7')),
        ),
        w.set(w.sequence(w.oid('1.2.840.113549.1.9.1'), w.ia5String('a@b'))),
      ),
    )
    const spellings = dnSpellings(odd)
    expect(spellings).toHaveLength(24)
    expect(spellings).toContain('/CN=\\xE9\\/x+UID=7/emailAddress=a@b')
    expect(spellings).toContain('/CN=\\xC3\\xA9/x/USERID=7/Email=a@b')
  })
})

describe('a row', () => {
  it.each([
    ['/C=IT/CN=Some Body', '/c=it/cn=SOME  body '],
    ['/CN=host\\/a', '/CN=host/a'],
    ['/CN=a/emailAddress=b@c', '/CN=a/Email=B@C'],
    ['/CN=a/UID=b', '/CN=a/userId=b'],
    ['/CN=É', '/CN=é'],
    ['/CN=É', '/CN=E\u0301'],
    ['/CN=a+UID=b', '/CN=a/UID=b'],
    ['/CN=a+UID=b', '/UID=b+CN=a'],
  ])('of %s may read %s', (text, row) => {
    expect(rowMatches(name(text), row)).toBe(true)
  })

  it.each([
    ['/C=IT/CN=Some Body', '/C=IT/CN=Some Bodi'],
    ['/CN=e', '/CN=é'],
    ['/CN=a', '/CN=a/CN=1'],
    ['/CN=a/CN=1', '/CN=a'],
    ['/CN=a/UID=b', '/CN=a+UID=b'],
    ['/CN=a/UID=b', '/UID=b/CN=a'],
    ['/CN=a', '/CN=a '.replace('a ', 'a.')],
    ['/CN=a', ''],
    ['/CN=a', 'CN=a'],
    ['/CN=a', '/OU=a'],
    ['/CN=a\\b', '/CN=ab'],
  ])('of %s is not %s', (text, row) => {
    expect(rowMatches(name(text), row)).toBe(false)
  })

  it('is never that of an unsafe name, even where the texts are equal', () => {
    const unsafe = name('/O=G/CN=x\\/CN=victim')
    expect(onelineF1(unsafe)).toBe(onelineF1(name('/O=G/CN=x/CN=victim')))
    expect(rowMatches(unsafe, onelineF1(unsafe))).toBe(false)
    expect(rowMatches(unsafe, onelineF0(unsafe))).toBe(false)
  })

  it.each([
    ['plain ASCII', '6b696d73', '/O=G/CN=kims'],
    ['escaped octets', '4ac3bc72', '/O=G/CN=J\\xC3\\xBCr'],
    ['a further attribute', '782f434e3d6b696d', '/O=G/CN=x/CN=kim'],
  ])('is not that of a BMPString whose octets read as %s', (_, octets, row) => {
    const wide = parseName(nameDer(['2.5.4.10', w.utf8String('G')], [CN, w.tlv(0x1e, fromHex(octets))]))
    expect(onelineF1(wide)).toBe(row)
    expect(rowMatches(wide, row)).toBe(false)
    expect(dnSpellings(wide)).not.toContain(row)
  })

  it('of such a BMPString is found by its text', () => {
    const wide = parseName(nameDer([CN, w.tlv(0x1e, fromHex('6b696d73'))]))
    expect(dnSpellings(wide)).toEqual(['/CN=\\xE6\\xAD\\xA9\\xE6\\xB5\\xB3', '/CN=\u6b69\u6d73'])
    expect(rowMatches(wide, '/CN=\u6b69\u6d73')).toBe(true)
  })

  it('is never that of the empty name', () => {
    expect(rowMatches(parseName(nameDer()), '')).toBe(false)
  })
})
