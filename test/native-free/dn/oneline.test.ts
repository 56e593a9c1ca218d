import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromHex } from '../../../native-free/bytes/hex.ts'
import * as w from '../../../native-free/der/writer.ts'
import { nameFromOneline } from '../../../native-free/dn/nameFromOneline.ts'
import { onelineF0, onelineF1 } from '../../../native-free/dn/oneline.ts'
import { parseOneline } from '../../../native-free/dn/parseOneline.ts'
import { parseCertificate } from '../../../native-free/x509/parseCertificate.ts'
import { parseName } from '../../../native-free/x509/parseName.ts'
import { certificateOfSubject, nameDer } from '../x509/certificateDer.ts'
import { type OpensslFolder, opensslFolder } from '../x509/opensslFolder.ts'
import { randomName } from '../x509/randomName.ts'

const CN = '2.5.4.3'
const name = (...rdns: readonly (readonly [string, Uint8Array])[]) => parseName(nameDer(...rdns))
const multi = parseName(
  w.sequence(
    w.set(w.sequence(w.oid('2.5.4.10'), w.utf8String('G'))),
    w.set(
      w.sequence(w.oid(CN), w.utf8String('a+b/c')),
      w.sequence(w.oid('0.9.2342.19200300.100.1.1'), w.utf8String('7')),
    ),
  ),
)

let folder: OpensslFolder
beforeAll(() => {
  folder = opensslFolder()
})
afterAll(() => folder[Symbol.dispose]())

/** What X509_NAME_oneline of the machine's OpenSSL makes of a Name. */
function openssl(der: Uint8Array): string {
  folder.write('n.der', certificateOfSubject(der))
  const line = folder.run(
    'x509',
    '-inform',
    'DER',
    '-in',
    'n.der',
    '-noout',
    '-subject',
    '-nameopt',
    'compat',
  )
  return line.replace(/^subject=/, '').replace(/\n$/, '')
}

describe('F0 and F1', () => {
  it.each([
    ['a host', name([CN, w.utf8String('host/x')]), '/CN=host\\/x', '/CN=host/x'],
    ['a plus', name([CN, w.utf8String('a+b')]), '/CN=a\\+b', '/CN=a+b'],
    ['an RDN of two attributes', multi, '/O=G/CN=a\\+b\\/c+UID=7', '/O=G/CN=a+b/c/UID=7'],
    ['a backslash', name([CN, w.utf8String('a\\b')]), '/CN=a\\b', '/CN=a\\b'],
    ['UTF-8', name([CN, w.utf8String('é~\x7f')]), '/CN=\\xC3\\xA9~\\x7F', '/CN=\\xC3\\xA9~\\x7F'],
    ['T61', name([CN, w.tlv(0x14, fromHex('e9'))]), '/CN=\\xE9', '/CN=\\xE9'],
    ['BMP', name([CN, w.tlv(0x1e, fromHex('00e9002f'))]), '/CN=\\x00\\xE9\\x00\\/', '/CN=\\x00\\xE9\\x00/'],
    ['control characters', name([CN, w.utf8String('\0\n')]), '/CN=\\x00\\x0A', '/CN=\\x00\\x0A'],
    ['e-mail', name(['1.2.840.113549.1.9.1', w.ia5String('a@b')]), '/emailAddress=a@b', '/emailAddress=a@b'],
    ['an unknown type', name(['1.2.3.4.5', w.utf8String('a')]), '/1.2.3.4.5=a', '/1.2.3.4.5=a'],
    [
      'a BIT STRING',
      name(['2.5.4.45', w.bitString(fromHex('4142'))]),
      '/x500UniqueIdentifier=AB',
      '/x500UniqueIdentifier=AB',
    ],
    ['a SEQUENCE', name([CN, w.sequence(w.nullValue())]), '/CN=0\\x02\\x05\\x00', '/CN=0\\x02\\x05\\x00'],
    ['the empty name', name(), '', ''],
  ])('of %s', (_, parsed, f0, f1) => {
    expect([onelineF0(parsed), onelineF1(parsed)]).toEqual([f0, f1])
    expect(openssl(parsed.der)).toBe(f0)
  })

  it.each([
    ['0000004100000042', '/CN=AB'],
    ['0000004100010042', '/CN=\\x00\\x00\\x00A\\x00\\x01\\x00B'],
    ['000000', '/CN=\\x00\\x00\\x00'],
  ])('of the GeneralString %s', (hex, expected) => {
    expect(onelineF0(name([CN, w.tlv(0x1b, fromHex(hex))]))).toBe(expected)
  })

  it('F0 is what openssl prints, for names of every string type', () => {
    fc.assert(
      fc.property(randomName, der => {
        expect(onelineF0(parseName(der))).toBe(openssl(der))
      }),
      { numRuns: 60, seed: 2 },
    )
  })

  it.each([
    'C',
    'CN',
    'DC',
    'GN',
    'L',
    'O',
    'OU',
    'SN',
    'ST',
    'UID',
    'businessCategory',
    'description',
    'dnQualifier',
    'emailAddress',
    'generationQualifier',
    'houseIdentifier',
    'initials',
    'jurisdictionC',
    'jurisdictionL',
    'jurisdictionST',
    'mail',
    'name',
    'organizationIdentifier',
    'postalCode',
    'pseudonym',
    'role',
    'serialNumber',
    'street',
    'telephoneNumber',
    'title',
    'unstructuredAddress',
    'unstructuredName',
    'x500UniqueIdentifier',
    'postOfficeBox',
    'physicalDeliveryOfficeName',
    'facsimileTelephoneNumber',
    'postalAddress',
    'searchGuide',
    'INN',
    'OGRN',
    'OGRNIP',
    'SNILS',
  ])('label %s stands for the type that openssl has for it', label => {
    const { oid } = parseOneline(`/${label}=IT`)[0]![0]!
    expect(openssl(nameDer([oid, w.printableString('IT')]))).toBe(`/${label}=IT`)
  })
})

describe('splitting', () => {
  const split = (text: string) =>
    parseOneline(text).map(rdn => rdn.map(ava => `${ava.oid}=${ava.value}`).join(' & '))
  it.each([
    ['/C=IT/CN=host/x.example', ['2.5.4.6=IT', '2.5.4.3=host/x.example']],
    ['/C=IT/CN=host\\/x.example', ['2.5.4.6=IT', '2.5.4.3=host/x.example']],
    ['/CN=http://a/b=c', ['2.5.4.3=http://a/b=c']],
    ['/CN=a/O=b', ['2.5.4.3=a', '2.5.4.10=b']],
    ['/CN=a\\/O=b', ['2.5.4.3=a/O=b']],
    ['/CN=a+UID=b', ['2.5.4.3=a & 0.9.2342.19200300.100.1.1=b']],
    ['/CN=a\\+UID=b', ['2.5.4.3=a+UID=b']],
    ['/CN=a+b', ['2.5.4.3=a+b']],
    [
      '/cn=a/EMAIL=b/userid=c/s=d/1.2.3=e',
      ['2.5.4.3=a', '1.2.840.113549.1.9.1=b', '0.9.2342.19200300.100.1.1=c', '2.5.4.8=d', '1.2.3=e'],
    ],
    ['/CN=\\xC3\\xA9\\xE9', ['2.5.4.3=\u00c3\u00a9\u00e9']],
    ['/CN=\\xC3\\xA9 \\xE9 \\xA', ['2.5.4.3=é é \n']],
    ['/CN=', ['2.5.4.3=']],
    ['/CN=/O=', ['2.5.4.3=', '2.5.4.10=']],
    ['/CN=a=b', ['2.5.4.3=a=b']],
    ['', []],
  ])('%s', (text, expected) => {
    expect(split(text)).toEqual(expected)
  })

  it.each(['CN=a', 'x', '/', '/x=y', '+CN=a', ' /CN=a', '/ CN=a', '/1.02=x', '/3.1=x'])(
    'refuses %j',
    text => {
      expect(() => parseOneline(text)).toThrow(expect.objectContaining({ code: 'ONELINE_BAD' }))
    },
  )
})

describe('a Name from text', () => {
  it.each([
    '/C=IT/O=Grid/CN=host\\/a.example',
    '/DC=org/DC=example/CN=Some Body/emailAddress=a@example.org',
    '/C=IT/serialNumber=7/dnQualifier=x/title=T/UID=u/GN=g/SN=s',
    '/O=Pèople/CN=日本',
  ])('has the octets that openssl makes of %s', subject => {
    folder.write('empty.cnf', '[req]\ndistinguished_name=dn\n[dn]\n')
    folder.run(
      'req',
      '-config',
      'empty.cnf',
      '-x509',
      '-utf8',
      '-newkey',
      'ed25519',
      '-nodes',
      '-keyout',
      'k',
      '-subj',
      subject,
      '-outform',
      'DER',
      '-out',
      'c.der',
    )
    expect(nameFromOneline(subject)).toEqual(parseCertificate(folder.read('c.der')).subject.der)
  })

  it('is the Name again whose F0 it was', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-zA-Z/+=. é]{1,20}$/),
        fc.stringMatching(/^[a-z/+]{1,9}$/),
        (cn, uid) => {
          const der = w.sequence(
            w.setOf(
              w.sequence(w.oid(CN), w.utf8String(cn)),
              w.sequence(w.oid('0.9.2342.19200300.100.1.1'), w.utf8String(uid)),
            ),
          )
          expect(nameFromOneline(onelineF0(parseName(der)))).toEqual(new Uint8Array(der))
        },
      ),
    )
  })

  it.each([
    ['/C=Itä', 'DER_BAD_STRING'],
    ['/DC=ä', 'DER_BAD_STRING'],
    ['CN=a', 'ONELINE_BAD'],
    ['/2.5=x/1.99.1=y', 'DER_BAD_OID'],
  ])('is refused for %s with %s', (text, code) => {
    expect(() => nameFromOneline(text)).toThrow(expect.objectContaining({ code }))
  })
})
