import { sign, webcrypto } from 'node:crypto'
import { Crypto } from '@peculiar/webcrypto'
import { describe, expect, it } from 'vitest'
import { assemble } from '../../../native-free/ac/assemble.ts'
import { decodeAc } from '../../../native-free/ac/decodeAc.ts'
import { encodeTbs } from '../../../native-free/ac/encodeTbs.ts'
import {
  type AcFault,
  type AcSubtle,
  type VerifyAcOptions,
  verifyAc,
} from '../../../native-free/ac/verifyAc.ts'
import {
  bitString,
  generalizedTime,
  implicit,
  integer,
  nullValue,
  oid,
  sequence,
} from '../../../native-free/der/writer.ts'
import { parseLsc } from '../../../native-free/vomses/lsc.ts'
import { parseCertificate } from '../../../native-free/x509/parseCertificate.ts'
import { createProfile } from '../../../src/issue/profile.ts'
import { acCa, createAcIssuer, profileConfig } from '../../fakes/acIssuer.ts'
import { makeGolden } from '../../fakes/goldenAcs.ts'
import { NOW } from '../../fakes/grant.ts'
import * as raw from '../../fakes/rawAc.ts'
import { issueEec } from '../../pki/issueEec.ts'
import { newKey, storedRsaKey } from '../../pki/keys.ts'
import { signData } from '../../pki/sign.ts'

const subtle: AcSubtle<webcrypto.CryptoKey> = webcrypto.subtle
const eec = (subject: string, serial: number) =>
  parseCertificate(
    issueEec(acCa, { subject, serial, from: '2026-01-01T00:00:00Z', until: '2027-01-01T00:00:00Z' }).der,
  )
const holder = eec('/C=IT/O=IGI/CN=test0', 0x1003)
const LSC = '/C=IT/O=IGI/CN=voms.test.example\n/C=IT/O=IGI/CN=Test CA\n'

const defaults: VerifyAcOptions = {
  lscChains: parseLsc(LSC),
  trust: () => true,
  now: NOW,
  skewSeconds: 300,
  holder,
  target: 'ce.example',
  requireExtensions: true,
}

async function verdict(der: Uint8Array, options: Partial<VerifyAcOptions> = {}): Promise<string> {
  const result = await verifyAc(subtle, decodeAc(der), { ...defaults, ...options })
  return result.valid ? 'valid' : result.reason
}

const withFqans = (...fqans: string[]) => ({
  attributes: sequence(raw.attributeOf(raw.policyAuthority(raw.AUTHORITY), ...raw.fqanValues(...fqans))),
})
const [certseq, noRevAvail, keyId] = raw.GOOD_EXTENSIONS as [Uint8Array, Uint8Array, Uint8Array]

describe('verifyAc', () => {
  it('accepts a good AC and names its signer', async () => {
    const result = await verifyAc(subtle, decodeAc(makeGolden('long-fqans').ac), defaults)
    expect(result).toMatchObject({ valid: true })
    if (result.valid) expect(result.signer.der).toEqual(raw.rawIssuer.der)
  })

  it('does so with another WebCrypto too', async () => {
    const other = new Crypto().subtle as unknown as AcSubtle<webcrypto.CryptoKey>
    expect(await verifyAc(other, decodeAc(makeGolden('sha384').ac), defaults)).toMatchObject({ valid: true })
  })

  it.each(['sha256', 'sha384', 'sha512'] as const)('accepts an EC signature with %s', async digest => {
    const issuer = createAcIssuer({ key: newKey(digest === 'sha512' ? 'p521' : 'p256') })
    const { template } = createProfile(profileConfig(issuer, { allowEcAcKey: true, digest }))
    const tbs = encodeTbs(template, makeGolden('targets').content)
    const ac = assemble(tbs, template.algorithm, sign(digest, tbs, issuer.key.privateKey))
    expect(await verdict(ac, { target: undefined })).toBe('valid')
  })

  const der = raw.rawAc()
  const flipSignature = () => {
    const changed = der.slice()
    changed[changed.length - 1]! ^= 1
    return changed
  }
  const targeted = raw.rawAc({
    extensions: [...raw.GOOD_EXTENSIONS, raw.targets(true, raw.target('CE.example'))],
  })
  const other = createAcIssuer({ subject: '/C=IT/O=IGI/CN=other', key: storedRsaKey(2048, 2) })
  const issuedBy = (serial: number) => ({
    holder: raw.holder(acCa.subject, integer(serial)),
  })

  it.each<[string, AcFault | 'valid', Uint8Array, Partial<VerifyAcOptions>?]>([
    ['short FQANs', 'valid', raw.rawAc(withFqans('/vo.0', '/vo.0/G1/Role=R1'))],
    ["the holder's issuer in the holder field", 'valid', raw.rawAc(issuedBy(0x1003))],
    ['any holder where none is given', 'valid', raw.rawAc(issuedBy(7)), { holder: undefined }],
    ['no embedded certificate', 'AC_SIGNER_MISSING', raw.rawAc({ extensions: [noRevAvail, keyId] })],
    [
      'an embedded certificate that is none',
      'AC_SIGNER_MISSING',
      raw.rawAc({ extensions: [raw.certseq(sequence()), noRevAvail, keyId] }),
    ],
    ['no LSC file', 'AC_SIGNER_NOT_LISTED', der, { lscChains: [] }],
    [
      'another signer in the LSC file',
      'AC_SIGNER_NOT_LISTED',
      der,
      { lscChains: [['/C=IT/O=IGI/CN=else', '/C=IT/O=IGI/CN=Test CA']] },
    ],
    [
      'another issuer in the LSC file',
      'AC_SIGNER_NOT_LISTED',
      der,
      { lscChains: [['/C=IT/O=IGI/CN=voms.test.example', '/C=IT/O=IGI/CN=Other CA']] },
    ],
    ['the second chain of the LSC file', 'valid', der, { lscChains: [['/CN=a', '/CN=b'], ...parseLsc(LSC)] }],
    [
      'an LSC chain of more certificates',
      'AC_SIGNER_NOT_LISTED',
      der,
      { lscChains: [[...parseLsc(LSC)[0]!, '/CN=c', '/CN=d']] },
    ],
    [
      'more certificates than the LSC chain',
      'AC_SIGNER_NOT_LISTED',
      raw.rawAc({ extensions: [raw.certseq(raw.rawIssuer.der, acCa.der), noRevAvail, keyId] }),
    ],
    [
      'two certificates that the LSC file lists',
      'valid',
      raw.rawAc({ extensions: [raw.certseq(raw.rawIssuer.der, acCa.der), noRevAvail, keyId] }),
      { lscChains: [[...parseLsc(LSC)[0]!, '/C=IT/O=IGI/CN=Test CA', '/C=IT/O=IGI/CN=Test CA']] },
    ],
    [
      'an issuer field that is not the signer',
      'AC_ISSUER_NAME',
      raw.rawAc({ issuer: implicit(0, raw.directoryName(other.subject), true) }),
    ],
    ['a changed signature', 'AC_SIGNATURE_INVALID', flipSignature()],
    [
      'an algorithm outside that differs',
      'AC_SIGNATURE_INVALID',
      raw.rawAc({}, sequence(oid('1.2.840.113549.1.1.12'), nullValue())),
    ],
    [
      'a digest that is not the one named',
      'AC_SIGNATURE_INVALID',
      raw.rawAc(
        { signature: sequence(oid('1.2.840.113549.1.1.13'), nullValue()) },
        sequence(oid('1.2.840.113549.1.1.13'), nullValue()),
      ),
    ],
    ['SHA-1', 'AC_SIGNATURE_WEAK', sha1Ac()],
    ['a signer that is not trusted', 'AC_SIGNER_UNTRUSTED', der, { trust: () => false }],
    ['a signer that is not trusted, told later', 'AC_SIGNER_UNTRUSTED', der, { trust: async () => false }],
    ['trust that is no clear yes', 'AC_SIGNER_UNTRUSTED', der, { trust: () => 'yes' as unknown as boolean }],
    ['another holder', 'AC_WRONG_HOLDER', der, { holder: eec('/C=IT/O=IGI/CN=test1', 0x1003) }],
    [
      "another certificate of the holder's name",
      'AC_WRONG_HOLDER',
      der,
      { holder: eec('/C=IT/O=IGI/CN=test0', 0x1004) },
    ],
    ['the last second before it begins', 'AC_NOT_YET_VALID', der, { now: NOW - 300 }],
    ['the first second in which it may count', 'valid', der, { now: NOW - 299 }],
    ['the last second in which it may count', 'valid', der, { now: NOW + 43_200 + 299 }],
    ['the first second after', 'AC_EXPIRED', der, { now: NOW + 43_200 + 300 }],
    [
      'notBefore = notAfter',
      'AC_EXPIRED',
      raw.rawAc({ validity: sequence(generalizedTime(NOW), generalizedTime(NOW)) }),
    ],
    ['another target', 'AC_WRONG_TARGET', targeted, { target: 'se.example' }],
    ['its target in other letters', 'valid', targeted, { target: 'ce.EXAMPLE' }],
    ['a target where none matters', 'valid', targeted, { target: undefined }],
    [
      'an unknown critical extension',
      'AC_CRITICAL_EXTENSION',
      raw.rawAc({ extensions: [...raw.GOOD_EXTENSIONS, raw.extension('1.2.3', nullValue(), true)] }),
    ],
    [
      'a critical noRevAvail',
      'AC_CRITICAL_EXTENSION',
      raw.rawAc({ extensions: [certseq, raw.extension(raw.OIDS.noRevAvail, nullValue(), true), keyId] }),
    ],
    ['no noRevAvail', 'AC_NO_REV_AVAIL_MISSING', raw.rawAc({ extensions: [certseq, keyId] })],
    ['no key identifier', 'AC_KEY_ID_MISSING', raw.rawAc({ extensions: [certseq, noRevAvail] })],
    [
      'another key identifier',
      'AC_KEY_ID_MISMATCH',
      raw.rawAc({ extensions: [certseq, noRevAvail, raw.keyId(new Uint8Array(20))] }),
    ],
    [
      'the extensions missing where they need not be',
      'valid',
      raw.rawAc({ extensions: [certseq] }),
      { requireExtensions: false },
    ],
    ['an FQAN of another VO', 'AC_FQAN_OUTSIDE_VO', raw.rawAc(withFqans('/vo.0', '/vo.1'))],
    ['an FQAN of a VO that begins the same', 'AC_FQAN_OUTSIDE_VO', raw.rawAc(withFqans('/vo.00'))],
  ])('%s: %s', async (_, expected, ac, options) => {
    expect(await verdict(ac, options)).toBe(expected)
  })

  it('gives the whole embedded chain to the trust check, signer first', async () => {
    let seen: string[] = []
    const two = raw.rawAc({ extensions: [raw.certseq(raw.rawIssuer.der, acCa.der), noRevAvail, keyId] })
    await verdict(two, {
      lscChains: [[...parseLsc(LSC)[0]!, '/C=IT/O=IGI/CN=Test CA', '/C=IT/O=IGI/CN=Test CA']],
      trust: chain => {
        seen = chain.map(({ serial }) => Buffer.from(serial).toString('hex'))
        return true
      },
    })
    expect(seen).toEqual(['1001', '01'])
  })
})

function sha1Ac(): Uint8Array {
  const algorithm = sequence(oid('1.2.840.113549.1.1.5'), nullValue())
  const tbs = raw.rawTbs({ signature: algorithm })
  return sequence(tbs, algorithm, bitString(signData(tbs, raw.rawIssuer.key, 'sha1')))
}
