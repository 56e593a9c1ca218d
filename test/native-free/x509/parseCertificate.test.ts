import { verify, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../../native-free/bytes/hex.ts'
import * as w from '../../../native-free/der/writer.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import { KEY_USAGE } from '../../../native-free/x509/certificate.ts'
import { parseCertificate } from '../../../native-free/x509/parseCertificate.ts'
import { decodePem } from '../../../native-free/x509/pem.ts'
import { certificateDer, extensionDer, nameDer, rsaSpki, sha256WithRsa } from './certificateDer.ts'
import { type OpensslFolder, opensslFolder } from './opensslFolder.ts'

const cn = '2.5.4.3'

describe('against the platform and openssl, for a certificate with', () => {
  let folder: OpensslFolder
  beforeAll(() => {
    folder = opensslFolder()
    // Without this the machine's own configuration would add extensions.
    folder.write('empty.cnf', '[req]\ndistinguished_name=dn\n[dn]\n')
  })
  afterAll(() => folder[Symbol.dispose]())

  const kinds: [what: string, key: string[], request: string[], key: object][] = [
    ['RSA 2048', ['rsa:2048'], [], { kind: 'rsa', bits: 2048, exponent: 65537n }],
    [
      'RSA 1030, exponent 3',
      ['rsa:1030', '-pkeyopt', 'rsa_keygen_pubexp:3'],
      [],
      { kind: 'rsa', bits: 1030, exponent: 3n },
    ],
    [
      'an RSA-PSS signature',
      ['rsa:2048'],
      ['-sigopt', 'rsa_padding_mode:pss'],
      { kind: 'rsa', bits: 2048, exponent: 65537n },
    ],
    [
      'an RSA-PSS key',
      ['rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048'],
      [],
      { kind: 'rsa', bits: 2048, exponent: 65537n },
    ],
    ['P-256', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], [], { kind: 'ec', curve: 'P-256' }],
    ['P-384', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'], [], { kind: 'ec', curve: 'P-384' }],
    ['P-521', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-521'], [], { kind: 'ec', curve: 'P-521' }],
    ['another curve', ['ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'], [], { kind: 'ec', curve: 'other' }],
    [
      'P-256 in explicit parameters',
      ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-pkeyopt', 'ec_param_enc:explicit'],
      [],
      { kind: 'ec', curve: 'other' },
    ],
    ['Ed25519', ['ed25519'], [], { kind: 'ed25519' }],
    ['Ed448', ['ed448'], [], { kind: 'ed448' }],
  ]

  it.each(kinds)('%s', (_, key, request, facts) => {
    const subject = '/DC=org/DC=example/C=IT/O=Grid/CN=host\\/a.example'
    const extensions = [
      'basicConstraints=critical,CA:TRUE,pathlen:2',
      'subjectKeyIdentifier=hash',
      'authorityKeyIdentifier=keyid:always',
      'keyUsage=critical,digitalSignature,keyEncipherment',
      'extendedKeyUsage=clientAuth,1.2.3.4',
    ]
    const ext = extensions.flatMap(extension => ['-addext', extension])
    folder.run(
      'req',
      '-config',
      'empty.cnf',
      '-x509',
      '-newkey',
      ...key,
      '-nodes',
      '-subj',
      subject,
      '-days',
      '3',
      ...request,
      ...ext,
      '-out',
      'c.pem',
    )
    const pem = Buffer.from(folder.read('c.pem')).toString()
    const ours = parseCertificate(decodePem(pem)[0]!.der)
    const theirs = new X509Certificate(pem)

    expect(toHex(ours.der)).toBe(theirs.raw.toString('hex'))
    expect(ours.version).toBe(3)
    expect(BigInt(`0x${toHex(ours.serial)}`)).toBe(BigInt(`0x${theirs.serialNumber}`))
    expect(ours.notBefore * 1000).toBe(theirs.validFromDate.getTime())
    expect(ours.notAfter * 1000).toBe(theirs.validToDate.getTime())
    expect(toHex(ours.spki)).toBe(theirs.publicKey.export({ type: 'spki', format: 'der' }).toString('hex'))
    expect(ours.key).toEqual(facts)
    expect(ours.extendedKeyUsage).toEqual(theirs.keyUsage)
    expect(ours.keyUsage).toBe(KEY_USAGE.digitalSignature | KEY_USAGE.keyEncipherment)
    expect(ours.basicConstraints).toEqual({ ca: true, pathLength: 2 })
    expect(toHex(ours.subjectKeyIdentifier!)).toBe(
      hexField(folder.run('x509', '-in', 'c.pem', '-noout', '-ext', 'subjectKeyIdentifier')),
    )
    expect(toHex(ours.subjectKeyIdentifier!)).toBe(toHex(ours.authorityKeyIdentifier!))
    expect(ours.issuer.canonical).toBe(ours.subject.canonical)
  })

  const hexField = (text: string) =>
    /([0-9A-F]{2}:)+[0-9A-F]{2}/.exec(text)![0].replaceAll(':', '').toLowerCase()

  it('slices over which the signature verifies', () => {
    folder.run(
      'req',
      '-config',
      'empty.cnf',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=u',
      '-out',
      'v.pem',
    )
    const { tbs, spki, signature } = parseCertificate(
      decodePem(Buffer.from(folder.read('v.pem')).toString())[0]!.der,
    )
    const key = { key: Buffer.from(spki), format: 'der', type: 'spki' } as const
    expect(verify('sha256', tbs, key, signature)).toBe(true)
  })

  it('version 1', () => {
    folder.run(
      'req',
      '-config',
      'empty.cnf',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      '1.key',
      '-subj',
      '/CN=u',
      '-out',
      '1.csr',
    )
    folder.run('x509', '-req', '-in', '1.csr', '-signkey', '1.key', '-out', '1.der', '-outform', 'DER')
    expect(parseCertificate(folder.read('1.der'))).toMatchObject({
      version: 1,
      extensions: [],
      basicConstraints: undefined,
      keyUsage: undefined,
      extendedKeyUsage: undefined,
    })
  })
})

describe('reads', () => {
  it('views on its input and nothing else', () => {
    const der = certificateDer()
    const c = parseCertificate(der)
    const views = [
      c.tbs,
      c.serial,
      c.spki,
      c.publicKeyBits,
      c.signature,
      c.signatureAlgorithm.der,
      c.subject.der,
      c.issuer.der,
    ]
    for (const view of [
      ...views,
      ...c.extensions.map(e => e.value),
      ...c.subject.rdns.flat().map(a => a.value),
    ]) {
      expect(view.buffer).toBe(der.buffer)
    }
  })

  it.each([
    ['a negative serial', { serial: w.integer(-2) }, 'fe'],
    ['a serial of 32 octets', { serial: w.integer(new Uint8Array(32).fill(0x7f)) }, '7f'.repeat(32)],
  ])('%s as it stands', (_, part, hex) => {
    expect(toHex(parseCertificate(certificateDer(part)).serial)).toBe(hex)
  })

  it('critical as true for any octet but 00, and a FALSE that is spelled out', () => {
    const critical = (hex: string) => [extensionDer('1.2.3', w.nullValue(), fromHex(hex))]
    const read = (hex: string) =>
      parseCertificate(certificateDer({ extensions: critical(hex) })).extensions[0]!.critical
    expect([read('0101ff'), read('010101'), read('010100')]).toEqual([true, true, false])
  })

  it('a version 1 with extensions, leaving the judgement to the chain rules', () => {
    const c = parseCertificate(certificateDer({ version: undefined }))
    expect([c.version, c.extensions.length]).toEqual([1, 1])
  })

  it('a version 1 that is spelled out, and unique identifiers', () => {
    const uniqueIds = [w.implicit(1, fromHex('00aa')), w.implicit(2, fromHex('00bb'))]
    expect(
      parseCertificate(certificateDer({ version: w.explicit(0, w.integer(0)), uniqueIds })).version,
    ).toBe(1)
  })

  it.each([
    ['no CA', w.sequence(), { ca: false, pathLength: undefined }],
    ['a CA', w.sequence(w.boolean(true)), { ca: true, pathLength: undefined }],
    ['a CA, cA encoded as 01', w.sequence(fromHex('010101')), { ca: true, pathLength: undefined }],
    ['a CA with pathlen 0', w.sequence(w.boolean(true), w.integer(0)), { ca: true, pathLength: 0 }],
    ['a pathlen of 2^40', w.sequence(w.boolean(true), w.integer(2 ** 40)), { ca: true, pathLength: 2 ** 40 }],
  ])('basicConstraints of %s', (_, value, expected) => {
    const c = parseCertificate(certificateDer({ extensions: [extensionDer('2.5.29.19', value)] }))
    expect(c.basicConstraints).toEqual(expected)
  })

  it.each([
    ['digitalSignature', '03020780', 1],
    ['keyCertSign and cRLSign', '03020106', 0b1100000],
    ['decipherOnly', '0303070080', 1 << 8],
    ['bits that nobody defined', '03030000ff', 1 << 8],
    ['no bit', '030100', 0],
  ])('keyUsage of %s', (_, hex, expected) => {
    const c = parseCertificate(certificateDer({ extensions: [extensionDer('2.5.29.15', fromHex(hex))] }))
    expect(c.keyUsage).toBe(expected)
  })

  it('an authorityKeyIdentifier without key identifier as none', () => {
    const value = w.sequence(w.implicit(1, new Uint8Array(0), true), w.implicit(2, fromHex('01')))
    const c = parseCertificate(certificateDer({ extensions: [extensionDer('2.5.29.35', value)] }))
    expect(c.authorityKeyIdentifier).toBeUndefined()
  })

  it.each([
    [0x80, 256 * 8],
    [0xff, 256 * 8],
    [0x7f, 256 * 8 - 1],
    [0x01, 255 * 8 + 1],
  ])('the bits of a modulus that begins with octet %i', (first, bits) => {
    const modulus = new Uint8Array(256).fill(1).fill(first, 0, 1)
    expect(parseCertificate(certificateDer({ spki: rsaSpki(modulus) })).key).toEqual({
      kind: 'rsa',
      bits,
      exponent: 65537n,
    })
  })

  it('a key of an unknown kind by its OID', () => {
    const spki = w.sequence(w.sequence(w.oid('1.2.840.10040.4.1')), w.bitString(w.integer(5)))
    expect(parseCertificate(certificateDer({ spki })).key).toEqual({
      kind: 'other',
      oid: '1.2.840.10040.4.1',
    })
  })
})

describe('refuses', () => {
  const twice = extensionDer('1.2.3', w.nullValue())
  const ext = (type: string, value: Uint8Array) => ({ extensions: [extensionDer(type, value)] })
  const rsa = (...parts: Uint8Array[]) => w.sequence(w.sequence(w.oid('1.2.840.113549.1.1.1')), ...parts)
  it.each<[string, Parameters<typeof certificateDer>[0], string]>([
    [
      'an extension twice',
      { extensions: [twice, extensionDer('2.5.29.19', w.sequence()), twice] },
      'EXTENSION_TWICE',
    ],
    ['an empty list of extensions', { extensions: [] }, 'EXTENSIONS_EMPTY'],
    [
      'another algorithm outside',
      { outerAlgorithm: w.sequence(w.oid('1.2.840.113549.1.1.5'), w.nullValue()) },
      'ALGORITHM_MISMATCH',
    ],
    [
      'the same algorithm without NULL outside',
      { outerAlgorithm: w.sequence(w.oid('1.2.840.113549.1.1.11')) },
      'ALGORITHM_MISMATCH',
    ],
    ['a serial of 33 octets', { serial: w.integer(new Uint8Array(33).fill(1)) }, 'SERIAL_TOO_LONG'],
    ['a padded serial', { serial: fromHex('02020001') }, 'DER_BAD_INTEGER'],
    ['version 4', { version: w.explicit(0, w.integer(3)) }, 'DER_INTEGER_RANGE'],
    ['two versions', { version: w.explicit(0, fromHex('020102020102')) }, 'DER_TRAILING_BYTES'],
    ['trailing bytes', { trailing: w.nullValue() }, 'DER_TRAILING_BYTES'],
    [
      'three parameters of an algorithm',
      { algorithm: w.sequence(w.oid('1.2.3'), w.nullValue(), w.nullValue()) },
      'DER_TRAILING_BYTES',
    ],
    ['three times', { validity: w.sequence(w.time(0), w.time(1), w.time(2)) }, 'DER_TRAILING_BYTES'],
    [
      'a time without seconds',
      { validity: w.sequence(fromHex('170b3230303130313030 30305a'.replace(' ', '')), w.time(1)) },
      'DER_BAD_TIME',
    ],
    ['an RDN without attribute', { subject: w.sequence(w.set()) }, 'DER_TRUNCATED'],
    ['a UTF8String that is none', { subject: nameDer([cn, w.tlv(0x0c, fromHex('c328'))]) }, 'DER_BAD_STRING'],
    [
      'a UTF8String with a surrogate',
      { subject: nameDer([cn, w.tlv(0x0c, fromHex('eda080'))]) },
      'DER_BAD_STRING',
    ],
    [
      'a UTF8String with an overlong NUL',
      { subject: nameDer([cn, w.tlv(0x0c, fromHex('c080'))]) },
      'DER_BAD_STRING',
    ],
    [
      'half a BMPString character',
      { subject: nameDer([cn, w.tlv(0x1e, fromHex('004100'))]) },
      'DER_BAD_STRING',
    ],
    [
      'a BMPString with a surrogate',
      { subject: nameDer([cn, w.tlv(0x1e, fromHex('d83dde00'))]) },
      'DER_BAD_STRING',
    ],
    [
      'a UniversalString beyond Unicode',
      { subject: nameDer([cn, w.tlv(0x1c, fromHex('00110000'))]) },
      'DER_BAD_STRING',
    ],
    [
      'a third part of an attribute',
      { subject: w.sequence(w.set(w.sequence(w.oid(cn), w.utf8String('a'), w.nullValue()))) },
      'DER_TRAILING_BYTES',
    ],
    ['an attribute without value', { subject: w.sequence(w.set(w.sequence(w.oid(cn)))) }, 'DER_TRUNCATED'],
    [
      'a negative RSA modulus',
      { spki: rsa(w.bitString(w.sequence(w.integer(-5), w.integer(3)))) },
      'KEY_BAD',
    ],
    ['a negative RSA exponent', { spki: rsaSpki(undefined, w.integer(-3)) }, 'KEY_BAD'],
    [
      'an RSA key of three numbers',
      { spki: rsa(w.bitString(w.sequence(w.integer(5), w.integer(3), w.integer(1)))) },
      'DER_TRAILING_BYTES',
    ],
    [
      'two parameters of a key',
      {
        spki: w.sequence(
          w.sequence(w.oid('1.2.840.10045.2.1'), w.oid('1.2.840.10045.3.1.7'), w.oid('1.2.840.10045.3.1.7')),
          w.bitString(fromHex('04')),
        ),
      },
      'DER_TRAILING_BYTES',
    ],
    ['an RSA key that is no SEQUENCE', { spki: rsa(w.bitString(w.nullValue())) }, 'DER_UNEXPECTED_TAG'],
    ['bits in a key', { spki: rsa(w.bitString(fromHex('f0'), 4)) }, 'DER_BAD_BIT_STRING'],
    ['a negative pathlen', ext('2.5.29.19', w.sequence(w.boolean(true), w.integer(-1))), 'DER_INTEGER_RANGE'],
    ['trailing bytes in basicConstraints', ext('2.5.29.19', fromHex('300000')), 'DER_TRAILING_BYTES'],
    ['a keyUsage that is no BIT STRING', ext('2.5.29.15', w.nullValue()), 'DER_UNEXPECTED_TAG'],
    [
      'an extendedKeyUsage of other things',
      ext('2.5.29.37', w.sequence(w.nullValue())),
      'DER_UNEXPECTED_TAG',
    ],
    ['trailing bytes in subjectKeyIdentifier', ext('2.5.29.14', fromHex('040000')), 'DER_TRAILING_BYTES'],
    ['garbage in authorityKeyIdentifier', ext('2.5.29.35', fromHex('30038005aa')), 'DER_LENGTH_BEYOND_INPUT'],
    ['a signature with bits left over', { signature: w.bitString(fromHex('f0'), 4) }, 'DER_BAD_BIT_STRING'],
    [
      'a name of 129 attributes in as many RDNs',
      { subject: nameDer(...Array(129).fill(['2.5.4.3', w.utf8String('')])) },
      'NAME_TOO_LONG',
    ],
    [
      'a name of 129 attributes in one RDN',
      { issuer: w.sequence(w.set(...Array(129).fill(w.sequence(w.oid('2.5.4.3'), w.utf8String(''))))) },
      'NAME_TOO_LONG',
    ],
    [
      '65 extensions',
      { extensions: Array.from({ length: 65 }, (_, n) => extensionDer(`1.2.${n}`, fromHex(''))) },
      'EXTENSIONS_TOO_MANY',
    ],
    [
      '65 extended key usages',
      ext('2.5.29.37', w.sequence(...Array(65).fill(w.oid('1.2.3')))),
      'PURPOSES_TOO_MANY',
    ],
    ['a fifth field after the extensions', { uniqueIds: [w.nullValue()] }, 'DER_TRAILING_BYTES'],
  ])('%s', (_, part, code) => {
    expect(() => parseCertificate(certificateDer(part))).toThrow(expect.objectContaining({ code }))
  })

  it('nothing of the untouched certificate that the rows above start from', () => {
    expect(parseCertificate(certificateDer()).signatureAlgorithm.oid).toBe('1.2.840.113549.1.1.11')
    expect(toHex(parseCertificate(certificateDer()).signatureAlgorithm.der)).toBe(toHex(sha256WithRsa))
  })
})

describe.each(['user', 'host', 'v1'])('a sweep over %s.der', file => {
  const der = new Uint8Array(readFileSync(new URL(`../../vectors/x509/${file}.der`, import.meta.url)))

  it('begins with a certificate that is accepted', () => {
    expect(survives(der)).toBe(true)
  })

  it('gives a typed refusal or a certificate whose parts are its octets, for each flipped bit', () => {
    let refused = 0
    for (let at = 0; at < der.length; at++) {
      for (const flip of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const bytes = der.slice()
        bytes[at]! ^= flip
        if (!survives(bytes)) refused++
      }
    }
    expect(refused).toBeGreaterThan(der.length)
  })

  it('gives a typed refusal for each truncation', () => {
    for (let length = 0; length < der.length; length++) expect(survives(der.subarray(0, length))).toBe(false)
  })
})

/** Parses; true when accepted, and then the parts put together must be the input. */
function survives(bytes: Uint8Array): boolean {
  try {
    const c = parseCertificate(bytes)
    const whole = w.sequence(c.tbs, c.signatureAlgorithm.der, w.bitString(c.signature))
    expect(toHex(whole)).toBe(toHex(bytes))
    return true
  } catch (cause) {
    if (cause instanceof Refusal) return false
    throw cause
  }
}
