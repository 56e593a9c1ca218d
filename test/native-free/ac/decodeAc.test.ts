import { describe, expect, it } from 'vitest'
import { decodeAc } from '../../../native-free/ac/decodeAc.ts'
import type { AttributeCertificate } from '../../../native-free/ac/types.ts'
import { bytesEqual } from '../../../native-free/bytes/equal.ts'
import { toHex } from '../../../native-free/bytes/hex.ts'
import {
  bitString,
  boolean,
  explicit,
  generalizedTime,
  implicit,
  integer,
  nullValue,
  octetString,
  oid,
  sequence,
  set,
  tlv,
  utcTime,
} from '../../../native-free/der/writer.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import { NOW } from '../../fakes/grant.ts'
import * as raw from '../../fakes/rawAc.ts'

function codeOf(der: Uint8Array): string {
  try {
    decodeAc(der)
  } catch (refusal) {
    expect(refusal).toBeInstanceOf(Refusal)
    return (refusal as Refusal).code
  }
  return 'no refusal'
}

describe('decodeAc reads', () => {
  it('every field of a plain AC', () => {
    const der = raw.rawAc()
    const ac = decodeAc(der)
    expect(ac.der).toBe(der)
    expect(toHex(ac.holderName)).toBe(toHex(raw.HOLDER_NAME))
    expect(toHex(ac.holderSerial)).toBe('1003')
    expect(toHex(ac.issuerName)).toBe(toHex(raw.rawIssuer.subject))
    expect(ac.signatureAlgorithm.oid).toBe('1.2.840.113549.1.1.11')
    expect(toHex(ac.serial)).toBe('00f00102030405460788090a0b0c0d0e0f')
    expect([ac.notBefore, ac.notAfter]).toEqual([NOW, NOW + 43_200])
    expect([ac.vo, ac.uri]).toEqual(['vo.0', 'voms.test.example:15000'])
    expect(ac.fqans).toEqual(['/vo.0/Role=NULL/Capability=NULL', '/vo.0/G1/Role=R1/Capability=NULL'])
    expect([ac.attributes, ac.targets]).toEqual([[], []])
    expect(ac.certificates.map(toHex)).toEqual([toHex(raw.rawIssuer.der)])
    expect(ac.authorityKeyIdentifier).toHaveLength(20)
    expect(ac.noRevAvail).toBe(true)
    expect(ac.issuerUniqueId).toBeUndefined()
    expect(ac.signature).toHaveLength(256)
    expect(toHex(ac.acinfo)).toBe(toHex(raw.rawTbs()))
  })

  it('hands out views, not copies', () => {
    const der = raw.rawAc()
    const { acinfo, holderName, serial, certificates, signature } = decodeAc(der)
    for (const view of [acinfo, holderName, serial, certificates[0]!, signature]) {
      expect(view.buffer).toBe(der.buffer)
    }
  })

  const withExtensions = (...more: Uint8Array[]) =>
    decodeAc(raw.rawAc({ extensions: [...raw.GOOD_EXTENSIONS, ...more] }))

  it('short FQANs, and texts beyond ASCII', () => {
    const values = raw.fqanValues('/vo.0', '/vo.0/Gé')
    const attributes = raw.attributeOf(raw.policyAuthority(raw.AUTHORITY), ...values)
    expect(decodeAc(raw.rawAc({ attributes: sequence(attributes) })).fqans).toEqual(['/vo.0', '/vo.0/Gé'])
  })

  it('targets in the wrapped form and in the form of RFC 5755', () => {
    const host = (name: string) => explicit(0, raw.uri(name))
    expect(
      withExtensions(raw.targets(true, raw.target('a.example'), raw.target('b.example'))).targets,
    ).toEqual(['a.example', 'b.example'])
    expect(withExtensions(raw.targets(true, host('a.example'), host('b.example'))).targets).toEqual([
      'a.example',
      'b.example',
    ])
  })

  it.each([
    ['no octets', new Uint8Array()],
    ['an empty SEQUENCE', sequence()],
    ['an empty list of providers', sequence(sequence())],
  ])('no generic attributes out of %s', (_, value) => {
    expect(withExtensions(raw.extension(raw.OIDS.fullAttributes, value)).attributes).toEqual([])
  })

  it('generic attributes of several providers, in UTF-8 or ISO 8859-1', () => {
    const latin1 = sequence(
      octetString(raw.bytes('n')),
      octetString(Uint8Array.of(0xe9)),
      octetString(raw.bytes('q')),
    )
    const value = raw.fullAttributes(
      raw.provider(raw.AUTHORITY, raw.genericAttribute('nick', 'tést', 'vo.0'), latin1),
      raw.provider(raw.AUTHORITY, raw.genericAttribute('x', '', '/vo.0/G1')),
    )
    expect(withExtensions(value).attributes).toEqual([
      { name: 'nick', value: 'tést', qualifier: 'vo.0' },
      { name: 'n', value: 'é', qualifier: 'q' },
      { name: 'x', value: '', qualifier: '/vo.0/G1' },
    ])
  })

  it('an issuerUniqueID, unknown extensions, and no VOMS extension at all', () => {
    const ac = decodeAc(
      raw.rawAc({
        issuerUniqueId: bitString(Uint8Array.of(1, 2)),
        extensions: [raw.extension('1.2.3', Uint8Array.of(7))],
      }),
    )
    expect(toHex(ac.issuerUniqueId!)).toBe('0102')
    expect(ac.extensions).toMatchObject([{ oid: '1.2.3', critical: false }])
    expect([ac.certificates, ac.authorityKeyIdentifier, ac.noRevAvail]).toEqual([[], undefined, false])
  })

  it('a key identifier that names issuer and serial too', () => {
    const value = sequence(
      implicit(0, Uint8Array.of(9, 9)),
      implicit(1, explicit(4, raw.HOLDER_NAME), true),
      implicit(2, Uint8Array.of(1)),
    )
    const ac = decodeAc(raw.rawAc({ extensions: [raw.extension(raw.OIDS.authorityKeyIdentifier, value)] }))
    expect(toHex(ac.authorityKeyIdentifier!)).toBe('0909')
  })

  it('VOs and hosts that are unusual but fine', () => {
    for (const [vo, uri] of [
      ['wlcg.cern.ch', '[2001:db8::1]:15000'],
      ['a_b-c.D', '192.0.2.1:1'],
      ['x', 'H:65535'],
    ] as const) {
      const attributes = raw.attributeOf(raw.policyAuthority(`${vo}://${uri}`), ...raw.fqanValues(`/${vo}`))
      expect(decodeAc(raw.rawAc({ attributes: sequence(attributes) }))).toMatchObject({ vo, uri })
    }
  })
})

describe('decodeAc refuses', () => {
  const attribute = (authority: Uint8Array, ...values: Uint8Array[]) => ({
    attributes: sequence(raw.attributeOf(authority, ...values)),
  })
  const authority = raw.policyAuthority(raw.AUTHORITY)
  const fqan = raw.fqanValues('/vo.0')
  const extensions = (...list: Uint8Array[]) => ({ extensions: list })
  const ext = raw.extension
  const general = (...names: Uint8Array[]) => sequence(...names)
  const holderOf = (content: Uint8Array) => ({ holder: sequence(implicit(0, content, true)) })
  const names = raw.directoryName(raw.HOLDER_NAME)

  it.each<[string, string, Parameters<typeof raw.rawAc>[0]]>([
    ['AC_VERSION', 'version 1', { version: integer(0) }],
    ['AC_VERSION', 'version 3', { version: integer(2) }],
    [
      'AC_HOLDER',
      'a holder by entityName',
      { holder: sequence(implicit(1, explicit(4, raw.HOLDER_NAME), true)) },
    ],
    ['AC_HOLDER', 'an empty holder', { holder: sequence() }],
    [
      'AC_HOLDER',
      'a holder with two parts',
      {
        holder: sequence(
          implicit(0, Buffer.concat([names, integer(1)]), true),
          implicit(1, new Uint8Array(), true),
        ),
      },
    ],
    [
      'AC_HOLDER',
      'a holder of two names',
      holderOf(
        Buffer.concat([general(explicit(4, raw.HOLDER_NAME), explicit(4, raw.HOLDER_NAME)), integer(1)]),
      ),
    ],
    [
      'AC_HOLDER',
      'a holder by host name',
      holderOf(Buffer.concat([general(tlv(0x82, raw.bytes('h'))), integer(1)])),
    ],
    ['AC_HOLDER', 'a holder without serial', holderOf(names)],
    [
      'AC_HOLDER',
      'a holder with issuerUID',
      holderOf(Buffer.concat([names, integer(1), bitString(Uint8Array.of(1))])),
    ],
    ['AC_ISSUER', 'v1Form', { issuer: raw.directoryName(raw.rawIssuer.subject) }],
    [
      'AC_ISSUER',
      'v2Form with more',
      {
        issuer: implicit(
          0,
          Buffer.concat([names, implicit(0, Buffer.concat([names, integer(1)]), true)]),
          true,
        ),
      },
    ],
    ['AC_ALGORITHM', 'an algorithm without OID', { signature: sequence(nullValue()) }],
    [
      'AC_ALGORITHM',
      'an algorithm with two parameters',
      { signature: sequence(oid('1.2.3'), nullValue(), nullValue()) },
    ],
    ['AC_SERIAL', 'a negative serial', { serialNumber: integer(-5) }],
    ['AC_SERIAL', 'a serial of 21 octets', { serialNumber: integer(2n ** 160n) }],
    ['AC_VALIDITY', 'UTCTime', { validity: sequence(utcTime(NOW), utcTime(NOW + 1)) }],
    ['AC_VALIDITY', 'one time', { validity: sequence(generalizedTime(NOW)) }],
    [
      'AC_VALIDITY',
      'three times',
      { validity: sequence(generalizedTime(NOW), generalizedTime(NOW), generalizedTime(NOW)) },
    ],
    [
      'AC_VALIDITY',
      'a fraction of a second',
      { validity: sequence(generalizedTime(NOW), tlv(0x18, raw.bytes('20261005130000.5Z'))) },
    ],
    ['AC_ATTRIBUTES', 'no attribute', { attributes: sequence() }],
    [
      'AC_ATTRIBUTES',
      'two attributes',
      { attributes: sequence(raw.attributeOf(authority, ...fqan), raw.attributeOf(authority, ...fqan)) },
    ],
    [
      'AC_ATTRIBUTES',
      'another attribute',
      { attributes: sequence(sequence(oid('1.2.3'), set(sequence(authority, sequence(...fqan))))) },
    ],
    [
      'AC_ATTRIBUTES',
      'two values',
      {
        attributes: sequence(
          sequence(
            oid(raw.OIDS.fqans),
            set(sequence(authority, sequence(...fqan)), sequence(authority, sequence(...fqan))),
          ),
        ),
      },
    ],
    ['AC_ATTRIBUTES', 'a value by OID', attribute(authority, oid('1.2.3'))],
    ['AC_ATTRIBUTES', 'no FQAN', attribute(authority)],
    [
      'AC_POLICY_AUTHORITY',
      'no policyAuthority',
      { attributes: sequence(sequence(oid(raw.OIDS.fqans), set(sequence(sequence(...fqan))))) },
    ],
    ['AC_TEXT', 'an FQAN that is not UTF-8', attribute(authority, octetString(Uint8Array.of(0x2f, 0xff)))],
    [
      'AC_POLICY_AUTHORITY',
      'two policyAuthorities',
      attribute(implicit(0, Buffer.concat([raw.uri(raw.AUTHORITY), raw.uri(raw.AUTHORITY)]), true), ...fqan),
    ],
    [
      'AC_POLICY_AUTHORITY',
      'a policyAuthority by host name',
      attribute(implicit(0, tlv(0x82, raw.bytes(raw.AUTHORITY)), true), ...fqan),
    ],
    ...[
      'vo.0://host',
      'vo.0://host:',
      'vo.0://:1',
      'vo.0://host:0',
      'vo.0://host:65536',
      '://host:1',
      'host:1',
      '../x://host:1',
      '..://host:1',
      'vo.0://..:1',
      'vo.0://a/../b:1',
      'vo.0://host:1/x',
      'vo.0://h\0:1',
      ' vo.0://host:1',
      'vo.0://host:1\n',
    ].map((text): [string, string, Parameters<typeof raw.rawAc>[0]] => [
      'AC_POLICY_AUTHORITY',
      JSON.stringify(text),
      attribute(raw.policyAuthority(text), ...fqan),
    ]),
    ['AC_EXTENSIONS', 'an extension twice', extensions(raw.noRevAvail, raw.noRevAvail)],
    [
      'AC_EXTENSIONS',
      'an extension with more',
      extensions(sequence(oid('1.2.3'), octetString(new Uint8Array()), nullValue())),
    ],
    [
      'AC_EXTENSIONS',
      'a criticality written FALSE',
      extensions(sequence(oid('1.2.3'), boolean(false), octetString(new Uint8Array()))),
    ],
    [
      'AC_FULL_ATTRIBUTES',
      'an attribute without qualifier',
      extensions(
        raw.fullAttributes(
          raw.provider('x', sequence(octetString(raw.bytes('n')), octetString(raw.bytes('v')))),
        ),
      ),
    ],
    [
      'AC_FULL_ATTRIBUTES',
      'an attribute with more',
      extensions(
        raw.fullAttributes(
          raw.provider(
            'x',
            sequence(
              octetString(raw.bytes('n')),
              octetString(raw.bytes('v')),
              octetString(raw.bytes('q')),
              nullValue(),
            ),
          ),
        ),
      ),
    ],
    [
      'AC_FULL_ATTRIBUTES',
      'a grantor that is no URI',
      extensions(raw.fullAttributes(sequence(sequence(tlv(0x82, raw.bytes('h'))), sequence()))),
    ],
    [
      'AC_FULL_ATTRIBUTES',
      'bytes after the attributes',
      extensions(ext(raw.OIDS.fullAttributes, Uint8Array.of(0x30, 0, 0))),
    ],
    [
      'AC_CERTSEQ',
      'one SEQUENCE too few',
      extensions(ext(raw.OIDS.certseq, sequence(octetString(raw.rawIssuer.der)))),
    ],
    [
      'AC_CERTSEQ',
      'bytes after certseq',
      extensions(ext(raw.OIDS.certseq, Buffer.concat([sequence(sequence()), nullValue()]))),
    ],
    ['AC_CERTSEQ', '17 certificates', extensions(raw.certseq(...Array<Uint8Array>(17).fill(sequence())))],
    ['AC_NO_REV_AVAIL', 'noRevAvail with content', extensions(ext(raw.OIDS.noRevAvail, sequence()))],
    ['AC_NO_REV_AVAIL', 'an empty noRevAvail', extensions(ext(raw.OIDS.noRevAvail, new Uint8Array()))],
    [
      'AC_KEY_ID',
      'a key identifier that is no SEQUENCE',
      extensions(ext(raw.OIDS.authorityKeyIdentifier, new Uint8Array(20))),
    ],
    ['AC_TARGETS', 'no target', extensions(raw.targets(true))],
    ['AC_TARGETS', 'a target group', extensions(raw.targets(true, explicit(1, raw.uri('a'))))],
    [
      'AC_TARGETS',
      'a target by host name',
      extensions(raw.targets(true, explicit(0, tlv(0x82, raw.bytes('a'))))),
    ],
    [
      'AC_TARGETS',
      'two names in one wrapping',
      extensions(raw.targets(true, sequence(explicit(0, raw.uri('a')), explicit(0, raw.uri('b'))))),
    ],
    [
      'AC_TARGETS',
      'a target beyond ASCII',
      extensions(raw.targets(true, sequence(explicit(0, raw.uri('é'))))),
    ],
  ])('%s: %s', (code, _, overrides) => {
    expect(codeOf(raw.rawAc(overrides))).toBe(code)
  })

  it.each<[string, string, () => Uint8Array]>([
    ['AC_DER', 'nothing', () => new Uint8Array()],
    ['AC_DER', 'bytes after the AC', () => Buffer.concat([raw.rawAc(), Uint8Array.of(0)])],
    ['AC_DER', 'an AC cut short', () => raw.rawAc().subarray(0, 300)],
    [
      'AC_DER',
      'a fourth field',
      () => sequence(raw.rawTbs(), raw.RSA_SHA256, bitString(Uint8Array.of(1)), nullValue()),
    ],
    [
      'AC_SIGNATURE',
      'a signature of half octets',
      () => sequence(raw.rawTbs(), raw.RSA_SHA256, bitString(Uint8Array.of(0x10), 4)),
    ],
    ['AC_ALGORITHM', 'no outer algorithm', () => sequence(raw.rawTbs(), bitString(Uint8Array.of(1)))],
    [
      'AC_EXTENSIONS',
      'no extensions',
      () => {
        const info = raw.rawTbs()
        const parts = sequence(info.subarray(4, info.length - extensionsLength()))
        return sequence(parts, raw.RSA_SHA256, bitString(Uint8Array.of(1)))
      },
    ],
    [
      'AC_DER',
      'a field after the extensions',
      () => {
        const info = raw.rawTbs()
        return sequence(sequence(info.subarray(4), nullValue()), raw.RSA_SHA256, bitString(Uint8Array.of(1)))
      },
    ],
  ])('%s: %s', (code, _, make) => {
    expect(codeOf(make())).toBe(code)
  })
})

function extensionsLength(): number {
  return sequence(...raw.GOOD_EXTENSIONS).length
}

/** The AC again, from what was decoded: proves that nothing is read that is not represented. */
function reencode(ac: AttributeCertificate): Uint8Array {
  const extensions = ac.extensions.map(({ oid: id, critical, value }) => raw.extension(id, value, critical))
  const tbs = raw.rawTbs({
    holder: raw.holder(ac.holderName, tlv(0x02, ac.holderSerial)),
    issuer: implicit(0, raw.directoryName(ac.issuerName), true),
    signature: ac.signatureAlgorithm.der,
    serialNumber: tlv(0x02, ac.serial),
    validity: sequence(generalizedTime(ac.notBefore), generalizedTime(ac.notAfter)),
    attributes: sequence(
      raw.attributeOf(raw.policyAuthority(`${ac.vo}://${ac.uri}`), ...raw.fqanValues(...ac.fqans)),
    ),
    issuerUniqueId: ac.issuerUniqueId === undefined ? new Uint8Array() : bitString(ac.issuerUniqueId),
    extensions,
  })
  return sequence(tbs, ac.outerSignatureAlgorithm.der, bitString(ac.signature))
}

describe('decodeAc against changed bytes', () => {
  const full = raw.rawAc({
    issuerUniqueId: bitString(Uint8Array.of(1, 2)),
    extensions: [
      raw.fullAttributes(raw.provider(raw.AUTHORITY, raw.genericAttribute('nick', 'v', 'vo.0'))),
      ...raw.GOOD_EXTENSIONS,
      raw.targets(true, raw.target('a.example')),
    ],
  })

  it('re-encodes what it accepts to the same bytes', () => {
    expect(toHex(reencode(decodeAc(full)))).toBe(toHex(full))
  })

  it('refuses each changed byte with a type, or shows the change', () => {
    for (let at = 0; at < full.length; at++) {
      for (const mask of [0x01, 0x20, 0x80, 0xff]) {
        const changed = full.slice()
        changed[at]! ^= mask
        let ac: AttributeCertificate
        try {
          ac = decodeAc(changed)
        } catch (refusal) {
          if (!(refusal instanceof Refusal) || !refusal.code.startsWith('AC_')) throw refusal
          continue
        }
        if (!bytesEqual(reencode(ac), changed)) expect.fail(`octet ${at} ^ ${mask}: read as something else`)
      }
    }
  })

  it('refuses every truncation with a type', () => {
    for (let length = 0; length < full.length; length++) {
      expect(codeOf(full.subarray(0, length))).toMatch(/^AC_/)
    }
  })
})
