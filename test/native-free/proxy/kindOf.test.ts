import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isIssuerPlusOneCn, kindOf } from '../../../native-free/proxy/kindOf.ts'
import { parseCertificate } from '../../../native-free/x509/parseCertificate.ts'
import { type NameAttribute, nameDer } from '../../pki/distinguishedName.ts'
import { basicConstraints } from '../../pki/extensions.ts'
import { issueCertificate } from '../../pki/issueCertificate.ts'
import { newKey } from '../../pki/keys.ts'
import { draftProxyCertInfo, rfcProxyCertInfo } from '../../pki/proxyCertInfo.ts'

const key = newKey()
const YEAR = { from: '2026-01-01T00:00:00Z', until: '2027-01-01T00:00:00Z' }
const RFC = rfcProxyCertInfo({ language: 'inheritAll' })
const DRAFT = draftProxyCertInfo({ language: 'inheritAll' })

const made = (
  subject: readonly (NameAttribute | readonly NameAttribute[])[] | string,
  issuerName = '/CN=u',
  extensions: Uint8Array[] = [],
) => parseCertificate(issueCertificate({ subject, issuerName, key, extensions, ...YEAR }).der)

describe('the kind of a certificate', () => {
  it.each([
    ['an EEC', made('/O=G/CN=u', '/CN=CA'), 'eec'],
    ['an RFC proxy', made('/CN=u/CN=1', '/CN=u', [RFC]), 'rfc'],
    ['an RFC proxy whatever its name', made('/CN=x', '/CN=u', [RFC]), 'rfc'],
    [
      'an RFC proxy that claims to be a CA',
      made('/CN=u/CN=1', '/CN=u', [basicConstraints(true), RFC]),
      'rfc',
    ],
    [
      'one with a proxy extension that is not critical',
      made('/CN=x', '/CN=u', [rfcProxyCertInfo({ language: 'inheritAll' }, false)]),
      'rfc',
    ],
    ['a draft proxy', made('/CN=u/CN=1', '/CN=u', [DRAFT]), 'draft'],
    ['both', made('/CN=u/CN=1', '/CN=u', [DRAFT, RFC]), 'rfc'],
    ['a CA', made('/CN=u/CN=proxy', '/CN=u', [basicConstraints(true)]), 'ca'],
    ['a legacy proxy', made('/CN=u/CN=proxy'), 'legacy'],
    ['a limited legacy proxy', made('/CN=u/CN=limited proxy'), 'legacy'],
    ['one in other case', made('/CN=u/CN=Proxy'), 'eec'],
    ['one with white space', made('/CN=u/CN=proxy '), 'eec'],
    ['one of an unrelated issuer', made('/CN=u/CN=proxy', '/CN=CA'), 'eec'],
    ['one whose issuer is empty', made('/CN=proxy', ''), 'eec'],
    ['one with the word in another attribute', made('/CN=u/OU=proxy'), 'eec'],
    [
      'one with two attributes in the last RDN',
      made([
        { type: 'CN', value: 'u' },
        [
          { type: 'CN', value: 'proxy' },
          { type: 'UID', value: 'x' },
        ],
      ]),
      'eec',
    ],
  ] as const)('%s', (_, certificate, kind) => {
    expect(kindOf(certificate)).toBe(kind)
  })
})

describe('the name of a proxy', () => {
  const attribute = fc.record({
    type: fc.constantFrom('CN', 'O', 'OU', 'DC'),
    value: fc.constantFrom('a', 'B', 'a b', 'x/y', ''),
  })
  const rdns = fc.array(attribute, { minLength: 1, maxLength: 5 })

  it('is the issuer plus one CN that is not empty, and nothing else', () => {
    fc.assert(
      fc.property(rdns, fc.array(attribute, { maxLength: 2 }), (issuer, more) => {
        const subject = [...issuer, ...more]
        const der = issueCertificate({ subject, issuerName: nameDer(issuer), key, ...YEAR }).der
        const isProxyName = more.length === 1 && more[0]!.type === 'CN' && more[0]!.value !== ''
        expect(isIssuerPlusOneCn(parseCertificate(der))).toBe(isProxyName)
      }),
      { numRuns: 200 },
    )
  })

  it('is none when the part before differs', () => {
    fc.assert(
      fc.property(rdns, rdns, (issuer, base) => {
        const same = JSON.stringify(base).toLowerCase() === JSON.stringify(issuer).toLowerCase()
        const subject = [...base, { type: 'CN', value: '1' }]
        const der = issueCertificate({ subject, issuerName: nameDer(issuer), key, ...YEAR }).der
        expect(isIssuerPlusOneCn(parseCertificate(der))).toBe(same)
      }),
      { numRuns: 200 },
    )
  })
})
