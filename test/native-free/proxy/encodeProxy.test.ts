import { createPublicKey, sign, X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { extractAcs } from '../../../native-free/ac/extractAcs.ts'
import { signatureAlgorithm } from '../../../native-free/ac/signatureAlgorithms.ts'
import { onelineF1 } from '../../../native-free/dn/oneline.ts'
import {
  assembleCertificate,
  encodeProxyTbs,
  type ProxyContent,
} from '../../../native-free/proxy/encodeProxy.ts'
import { isIssuerPlusOneCn, kindOf } from '../../../native-free/proxy/kindOf.ts'
import { parseProxyCertInfo } from '../../../native-free/proxy/proxyCertInfo.ts'
import { type Certificate, KEY_USAGE } from '../../../native-free/x509/certificate.ts'
import { parseCertificate } from '../../../native-free/x509/parseCertificate.ts'
import { createCa } from '../../pki/createCa.ts'
import { keyUsage } from '../../pki/extensions.ts'
import { issueEec } from '../../pki/issueEec.ts'
import { newKey } from '../../pki/keys.ts'

const LONG = { from: '2020-01-01T00:00:00Z', until: '2040-01-01T00:00:00Z' }
const ca = createCa({ subject: '/C=IT/O=G/CN=CA', ...LONG })
const user = issueEec(ca, { subject: '/C=IT/O=G/CN=u', ...LONG })
const key = newKey()
const ec = signatureAlgorithm('ec', 'sha256')
const RFC = '1.3.6.1.5.5.7.1.14'

const content = (change: Partial<ProxyContent> = {}): ProxyContent => ({
  issuer: parseCertificate(user.der),
  serial: Uint8Array.of(0xb1, 0x58, 0xb3, 0x49),
  notBefore: 1_780_000_000,
  notAfter: 1_780_043_200,
  spki: key.spki,
  isRsa: false,
  limited: false,
  pathLength: undefined,
  acs: [],
  signatureAlgorithm: ec.der,
  ...change,
})

function make(change: Partial<ProxyContent> = {}): Certificate {
  const tbs = encodeProxyTbs(content(change))
  return parseCertificate(assembleCertificate(tbs, ec.der, sign('sha256', tbs, user.key.privateKey)))
}

const infoOf = ({ extensions }: Certificate) =>
  parseProxyCertInfo(extensions.find(({ oid }) => oid === RFC)!.value, 'rfc')

describe('encodeProxyTbs', () => {
  it('makes a proxy that OpenSSL reads and verifies', () => {
    const proxy = make()
    const theirs = new X509Certificate(proxy.der)
    expect(theirs.verify(createPublicKey(user.key.privateKey))).toBe(true)
    expect(theirs.serialNumber).toBe('B158B349')
    expect(theirs.subject).toBe('C=IT\nO=G\nCN=u\nCN=2975380297')
    expect(theirs.issuer).toBe('C=IT\nO=G\nCN=u')
    expect([proxy.notBefore, proxy.notAfter]).toEqual([1_780_000_000, 1_780_043_200])
  })

  it('is an RFC 3820 proxy with both extensions critical', () => {
    const proxy = make()
    expect(kindOf(proxy)).toBe('rfc')
    expect(isIssuerPlusOneCn(proxy)).toBe(true)
    expect(proxy.extensions.map(({ oid, critical }) => [oid, critical])).toEqual([
      ['2.5.29.15', true],
      [RFC, true],
    ])
    expect(infoOf(proxy)).toEqual({
      pathLength: Number.POSITIVE_INFINITY,
      language: '1.3.6.1.5.5.7.21.1',
      hasPolicy: false,
    })
  })

  it.each([
    [{ limited: true }, { language: '1.3.6.1.4.1.3536.1.1.1.9', pathLength: Number.POSITIVE_INFINITY }],
    [{ pathLength: 0 }, { language: '1.3.6.1.5.5.7.21.1', pathLength: 0 }],
    [
      { pathLength: 3, limited: true },
      { language: '1.3.6.1.4.1.3536.1.1.1.9', pathLength: 3 },
    ],
  ])('says %j in proxyCertInfo', (change, expected) => {
    expect(infoOf(make(change))).toMatchObject(expected)
  })

  it('carries ACs, in order, in a non-critical extension', () => {
    const acs = [Uint8Array.of(0x30, 0x03, 2, 1, 1), Uint8Array.of(0x30, 0x03, 2, 1, 2)]
    const proxy = make({ acs })
    expect(extractAcs(proxy).map(ac => [...ac])).toEqual(acs.map(ac => [...ac]))
    expect(proxy.extensions.at(-1)!.critical).toBe(false)
  })

  const { digitalSignature: DS, keyEncipherment: KE, dataEncipherment: DE, keyCertSign: KC } = KEY_USAGE
  it.each([
    ['an issuer without the extension', undefined, true, DS | KE],
    ['all that a proxy can use', DS | KE | DE | KC | KEY_USAGE.nonRepudiation, true, DS | KE | DE],
    ['an issuer that only signs', DS, true, DS],
    ['an EC key', DS | KE | DE, false, DS],
  ])('grants key usage of %s', (_name, granted, isRsa, expected) => {
    const issuer = { ...parseCertificate(user.der), keyUsage: granted }
    expect(make({ issuer, isRsa }).keyUsage).toBe(expected)
  })

  it('keeps the octets of the issuer name', () => {
    const odd = issueEec(ca, {
      subject: '/C=IT/O=Università/CN=u',
      extensions: [keyUsage(['digitalSignature'])],
      ...LONG,
    })
    const proxy = make({ issuer: parseCertificate(odd.der) })
    expect([...proxy.issuer.der]).toEqual([...odd.subject])
    expect(onelineF1(proxy.subject)).toBe('/C=IT/O=Universit\\xC3\\xA0/CN=u/CN=2975380297')
  })

  it('has a positive serial whose decimal form is the CN, whatever the octets', () => {
    const octets = fc.uint8Array({ minLength: 1, maxLength: 20 }).filter(bytes => bytes.some(b => b !== 0))
    fc.assert(
      fc.property(octets, serial => {
        const proxy = make({ serial })
        const number = BigInt(`0x${Buffer.from(serial).toString('hex')}`)
        expect(BigInt(`0x${Buffer.from(proxy.serial).toString('hex')}`)).toBe(number)
        expect(proxy.serial[0]! & 0x80).toBe(0)
        expect(onelineF1(proxy.subject)).toBe(`/C=IT/O=G/CN=u/CN=${number}`)
      }),
      { numRuns: 50 },
    )
  })

  const issuer = parseCertificate(user.der)
  it.each<[string, Partial<ProxyContent>]>([
    ['an end before the beginning', { notAfter: 1_780_000_000 }],
    ['a serial of zero', { serial: Uint8Array.of(0, 0) }],
    ['an issuer without a subject', { issuer: { ...issuer, subject: { ...issuer.subject, rdns: [] } } }],
    ['an issuer that may not sign', { issuer: { ...issuer, keyUsage: KE } }],
  ])('refuses %s', (_name, change) => {
    expect(() => encodeProxyTbs(content(change))).toThrow(expect.objectContaining({ code: 'PROXY_CONTENT' }))
  })
})
