import { describe } from 'vitest'
import { createCa } from '../pki/createCa.ts'
import { appendRdn, nameDer } from '../pki/distinguishedName.ts'
import { basicConstraints, extension, issuerAltName, keyUsage, subjectAltName } from '../pki/extensions.ts'
import { issueCertificate } from '../pki/issueCertificate.ts'
import { newKey, storedRsaKey } from '../pki/keys.ts'
import { DRAFT_PROXY_OID, draftProxyCertInfo, RFC_PROXY_OID, rfcProxyCertInfo } from '../pki/proxyCertInfo.ts'
import { CA, DAY, eec, NOW, proxies, proxy, testChains, U, V, YEAR } from './chainWorld.ts'

const octets = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(':', ''), 'hex'))
const KU = keyUsage(['digitalSignature', 'keyEncipherment'])
const INHERIT_ALL = rfcProxyCertInfo({ language: 'inheritAll' })
const ALL_KINDS = { proxyKinds: ['rfc', 'draft', 'legacy'] } as const
const times = (n: number) => Array.from({ length: n }, () => ({}))
const lasting = (seconds: number) => ({ from: NOW + seconds, until: NOW + 86_400 * 3 })

const rsaUser = eec('u', { key: storedRsaKey(2048) })
const other = newKey()

describe('what clients send', () => {
  testChains([
    { name: '1: EEC only', sent: [U], expect: 'ACCEPT', validUntil: Date.UTC(2027, 0) / 1000 },
    { name: '2: EEC and root', sent: [U, CA], expect: 'ACCEPT' },
    { name: '3: RFC proxy', sent: proxies(U, {}), expect: 'ACCEPT', validUntil: Date.UTC(2026, 5, 2) / 1000 },
    { name: '4: three proxies', sent: proxies(U, {}, {}, {}), expect: 'ACCEPT' },
    { name: '5: 12 proxies', sent: proxies(U, ...times(12)), expect: 'ACCEPT' },
    { name: '5: 16 proxies', sent: proxies(U, ...times(16)), expect: 'ACCEPT' },
    { name: '5: 17 proxies', sent: proxies(U, ...times(17)), expect: 'PROXY_DEPTH' },
    ...(['p256', 'p384', 'p521', 'ed25519'] as const).map(kind => ({
      name: `6: ${kind} proxy under an RSA EEC`,
      sent: proxies(rsaUser, { key: newKey(kind) }, {}),
      expect: 'ACCEPT' as const,
      as: rsaUser,
    })),
    {
      name: '6: Ed448 proxy under an RSA EEC',
      sent: proxies(rsaUser, { key: newKey('ed448') }, {}),
      expect: 'ACCEPT',
      as: rsaUser,
      notInWebCrypto: true,
    },
    { name: '22: RFC proxy named CN=proxy', sent: proxies(U, { cn: 'proxy' }), expect: 'ACCEPT' },
    {
      name: '31: proxy with keyCertSign',
      sent: proxies(U, { extensions: [keyUsage(['digitalSignature', 'keyCertSign']), INHERIT_ALL] }, {}),
      expect: 'ACCEPT',
    },
    {
      name: '33: proxy without keyUsage',
      sent: proxies(U, { extensions: [INHERIT_ALL] }, {}),
      expect: 'ACCEPT',
    },
  ])
})

const LIM = { language: 'limited' }
const IND = { language: 'independent' }

describe('limited and independent proxies', () => {
  testChains([
    { name: '7: limited', sent: proxies(U, LIM), expect: 'ACCEPT limited' },
    { name: '7: limited below limited', sent: proxies(U, LIM, LIM), expect: 'ACCEPT limited' },
    { name: '7: limited below full', sent: proxies(U, {}, LIM), expect: 'ACCEPT limited' },
    {
      name: '7: limited with a policy',
      sent: proxies(U, { ...LIM, policy: octets('666f6f') }),
      expect: 'ACCEPT limited',
    },
    {
      name: '7: limited, none allowed',
      sent: proxies(U, LIM),
      policy: { allowLimited: false },
      expect: 'PROXY_LIMITED_REFUSED',
    },
    { name: '8: full below limited', sent: proxies(U, LIM, {}), expect: 'PROXY_LIMITED_WIDENED' },
    {
      name: '8: full further below limited',
      sent: proxies(U, {}, LIM, LIM, {}),
      expect: 'PROXY_LIMITED_WIDENED',
    },
    { name: '9: independent leaf', sent: proxies(U, IND), expect: 'PROXY_INDEPENDENT_REFUSED' },
    { name: '9: independent below full', sent: proxies(U, {}, IND), expect: 'PROXY_INDEPENDENT_REFUSED' },
    { name: '9: independent above full', sent: proxies(U, IND, {}), expect: 'PROXY_INDEPENDENT_REFUSED' },
    {
      name: '9: independent, allowed',
      sent: proxies(U, IND),
      policy: { allowIndependent: true },
      expect: 'ACCEPT',
    },
    {
      name: '9: independent below limited, allowed',
      sent: proxies(U, LIM, IND),
      policy: { allowIndependent: true },
      expect: 'ACCEPT limited',
    },
    { name: '10: anyLanguage', sent: proxies(U, { language: 'anyLanguage' }), expect: 'PROXY_BAD_PCI' },
    {
      name: '11: unknown language',
      sent: proxies(U, { language: '1.2.3.4.5', policy: octets('666f6f') }),
      expect: 'PROXY_LANGUAGE_UNKNOWN',
    },
    {
      name: '12: inheritAll with a policy',
      sent: proxies(U, { policy: octets('666f6f') }),
      expect: 'PROXY_BAD_PCI',
    },
    {
      name: '12: independent with a policy',
      sent: proxies(U, { ...IND, policy: octets('666f6f') }),
      policy: { allowIndependent: true },
      expect: 'PROXY_BAD_PCI',
    },
  ])
})

describe('proxy path length', () => {
  testChains([
    { name: '13: 0 at the leaf', sent: proxies(U, { pathLength: 0 }), expect: 'ACCEPT' },
    { name: '14: 0 and one more', sent: proxies(U, { pathLength: 0 }, {}), expect: 'PROXY_PATHLEN' },
    { name: '15: 1 and one more', sent: proxies(U, { pathLength: 1 }, {}), expect: 'ACCEPT' },
    { name: '15: 1 and two more', sent: proxies(U, { pathLength: 1 }, {}, {}), expect: 'PROXY_PATHLEN' },
    {
      name: '16: 5 under 0',
      sent: proxies(U, { pathLength: 0 }, { pathLength: 5 }),
      expect: 'PROXY_PATHLEN',
    },
    {
      name: '16: 5 under 1 does not widen',
      sent: proxies(U, { pathLength: 1 }, { pathLength: 5 }, {}),
      expect: 'PROXY_PATHLEN',
    },
    { name: '28: negative', sent: proxies(U, { pathLength: -1 }), expect: 'PROXY_BAD_PCI' },
    { name: '28: of nine octets', sent: proxies(U, { pathLength: 2n ** 64n }, {}), expect: 'ACCEPT' },
  ])
})

const DRF = { kind: 'draft' } as const
const LEG = { kind: 'legacy' } as const
const rawDraft = (hex: string) => ({ extensions: [KU, extension(DRAFT_PROXY_OID, true, octets(hex))] })

describe('draft and legacy proxies', () => {
  testChains([
    {
      name: '17: draft',
      sent: proxies(U, rawDraft('30:0C:30:0A:06:08:2B:06:01:05:05:07:15:01')),
      expect: 'PROXY_TYPE_UNSUPPORTED',
    },
    {
      name: '17: draft, on',
      sent: proxies(U, rawDraft('30:0C:30:0A:06:08:2B:06:01:05:05:07:15:01'), DRF),
      policy: ALL_KINDS,
      expect: 'ACCEPT',
    },
    {
      name: '18: draft limited, on',
      sent: proxies(U, rawDraft('30:0F:30:0D:06:0B:2B:06:01:04:01:9B:50:01:01:01:09')),
      policy: ALL_KINDS,
      expect: 'ACCEPT limited',
    },
    {
      name: '19: draft path length 0 and one more, on',
      sent: proxies(U, rawDraft('30:11:30:0A:06:08:2B:06:01:05:05:07:15:01:A1:03:02:01:00'), DRF),
      policy: ALL_KINDS,
      expect: 'PROXY_PATHLEN',
    },
    { name: '20: legacy', sent: proxies(U, LEG), expect: 'PROXY_TYPE_UNSUPPORTED' },
    { name: '20: legacy limited', sent: proxies(U, { ...LEG, ...LIM }), expect: 'PROXY_TYPE_UNSUPPORTED' },
    { name: '20: legacy, on', sent: proxies(U, LEG, LEG), policy: ALL_KINDS, expect: 'ACCEPT' },
    {
      name: '20: legacy limited, on',
      sent: proxies(U, LEG, { ...LEG, ...LIM }),
      policy: ALL_KINDS,
      expect: 'ACCEPT limited',
    },
    {
      name: '20: legacy full below limited, on',
      sent: proxies(U, { ...LEG, ...LIM }, LEG),
      policy: ALL_KINDS,
      expect: 'PROXY_LIMITED_WIDENED',
    },
    {
      name: '21: legacy below RFC',
      sent: proxies(U, {}, LEG),
      policy: ALL_KINDS,
      expect: 'PROXY_MIXED_TYPES',
    },
    {
      name: '21: RFC below legacy',
      sent: proxies(U, LEG, {}),
      policy: ALL_KINDS,
      expect: 'PROXY_MIXED_TYPES',
    },
    {
      name: '21: draft below RFC',
      sent: proxies(U, {}, DRF),
      policy: ALL_KINDS,
      expect: 'PROXY_MIXED_TYPES',
    },
    {
      name: '21: RFC below draft',
      sent: proxies(U, DRF, {}),
      policy: ALL_KINDS,
      expect: 'PROXY_MIXED_TYPES',
    },
  ])
})

const namedProxy = eec('proxy')
const withPci = (...more: Uint8Array[]) => proxies(U, { extensions: [KU, ...more] })

describe('the proxy extension', () => {
  testChains([
    { name: '23: EEC named CN=proxy', sent: [namedProxy], expect: 'ACCEPT', as: namedProxy },
    {
      name: '24: not critical',
      sent: withPci(rfcProxyCertInfo({ language: 'inheritAll' }, false)),
      expect: 'PROXY_BAD_PCI',
    },
    {
      name: '25: RFC and draft together',
      sent: withPci(INHERIT_ALL, draftProxyCertInfo({ language: 'inheritAll' })),
      policy: ALL_KINDS,
      expect: 'PROXY_BAD_PCI',
    },
    { name: '26: twice', sent: withPci(INHERIT_ALL, INHERIT_ALL), expect: 'BAD_ENCODING' },
    {
      name: '27: malformed',
      sent: withPci(extension(RFC_PROXY_OID, true, octets('3003020100'))),
      expect: 'PROXY_BAD_PCI',
    },
    {
      name: '27: trailing element',
      sent: withPci(extension(RFC_PROXY_OID, true, octets('300e300a06082b06010505071501' + '0500'))),
      expect: 'PROXY_BAD_PCI',
    },
    {
      name: '27: empty',
      sent: withPci(extension(RFC_PROXY_OID, true, new Uint8Array())),
      expect: 'PROXY_BAD_PCI',
    },
    {
      name: '29: subjectAltName',
      sent: withPci(INHERIT_ALL, subjectAltName([{ dns: 'x' }])),
      expect: 'PROXY_HAS_ALTNAME',
    },
    {
      name: '29: issuerAltName',
      sent: withPci(INHERIT_ALL, issuerAltName([{ dns: 'x' }])),
      expect: 'PROXY_HAS_ALTNAME',
    },
    { name: '30: cA=TRUE', sent: withPci(INHERIT_ALL, basicConstraints(true)), expect: 'PROXY_IS_CA' },
    {
      name: '30: cA=FALSE is harmless',
      sent: withPci(INHERIT_ALL, basicConstraints(false)),
      expect: 'ACCEPT',
    },
    {
      name: '32: leaf without digitalSignature',
      sent: proxies(U, { extensions: [keyUsage(['keyEncipherment']), INHERIT_ALL] }),
      expect: 'PROXY_KEY_USAGE',
    },
    {
      name: '32: issuing proxy without digitalSignature',
      sent: proxies(U, { extensions: [keyUsage(['keyEncipherment']), INHERIT_ALL] }, {}),
      expect: 'PROXY_KEY_USAGE',
    },
    {
      name: '34: unknown critical extension',
      sent: withPci(INHERIT_ALL, extension('1.2.3.4.5.6', true, octets('0500'))),
      expect: 'CRITICAL_EXTENSION',
    },
    {
      name: '34: unknown extension, not critical',
      sent: withPci(INHERIT_ALL, extension('1.2.3.4.5.6', false, octets('0500'))),
      expect: 'ACCEPT',
    },
    { name: '1.5-3: extensions in version 1', sent: proxies(U, { version: 1 }), expect: 'BAD_ENCODING' },
  ])
})

const mixedCase = issueCertificate({
  subject: [
    { type: 'C', value: 'it', string: 'printable' },
    { type: 'O', value: ' g ', string: 'printable' },
    { type: 'CN', value: 'U', string: 'printable' },
    { type: 'CN', value: '1' },
  ],
  issuerName: [
    { type: 'C', value: 'IT' },
    { type: 'O', value: 'G', string: 't61' },
    { type: 'CN', value: 'u', string: 'ia5' },
  ],
  key: newKey(),
  issuer: U,
  extensions: [KU, INHERIT_ALL],
  ...DAY,
})
const named = (subject: Uint8Array) => proxies(U, { subject })

describe('names of proxies', () => {
  testChains([
    { name: '35: another subject', sent: named(nameDer('/C=IT/O=G/CN=w/CN=1')), expect: 'PROXY_NAME' },
    { name: '35: CN replaced', sent: named(nameDer('/C=IT/O=G/CN=1')), expect: 'PROXY_NAME' },
    { name: '35: same subject', sent: named(U.subject), expect: 'PROXY_NAME' },
    { name: '36: two CNs added', sent: named(nameDer('/C=IT/O=G/CN=u/CN=1/CN=2')), expect: 'PROXY_NAME' },
    { name: '36: OU added', sent: named(nameDer('/C=IT/O=G/CN=u/OU=1')), expect: 'PROXY_NAME' },
    {
      name: '36: CN and UID in one RDN',
      sent: named(appendRdn(U.subject, { type: 'CN', value: '1' }, { type: 'UID', value: '1' })),
      expect: 'PROXY_NAME',
    },
    { name: '36: empty CN', sent: proxies(U, { cn: '' }), expect: 'PROXY_NAME' },
    {
      name: '36: in a proxy further up',
      sent: proxies(U, { subject: nameDer('/C=IT/O=G/CN=w/CN=1') }, {}),
      expect: 'PROXY_NAME',
    },
    { name: '37: other string types and case', sent: [mixedCase, U], expect: 'ACCEPT' },
  ])
})

const shortLived = eec('u', { until: NOW + 86_400 })

describe('times of proxies', () => {
  testChains([
    { name: '38: expired', sent: proxies(U, { until: NOW - 1 }), expect: 'PROXY_EXPIRED' },
    { name: '38: in its last second', sent: proxies(U, { until: NOW }), expect: 'ACCEPT', validUntil: NOW },
    {
      name: '38: the middle one expired',
      sent: proxies(U, {}, { until: NOW - 1 }, {}),
      expect: 'PROXY_EXPIRED',
    },
    { name: '39: not yet valid', sent: proxies(U, lasting(86_400 * 2)), expect: 'PROXY_NOT_YET_VALID' },
    { name: '39: 200 seconds ahead', sent: proxies(U, lasting(200)), expect: 'ACCEPT' },
    { name: '39: 301 seconds ahead', sent: proxies(U, lasting(301)), expect: 'PROXY_NOT_YET_VALID' },
    {
      name: '40: outlives its EEC, and began before it',
      sent: proxies(shortLived, { from: '2025-01-01T00:00:00Z', until: YEAR.until }),
      as: shortLived,
      expect: 'ACCEPT',
      validUntil: NOW + 86_400,
    },
  ])
})

const forged = proxy(U, { signer: other })
const selfMade = issueCertificate({ subject: U.subject, key: other, extensions: [KU], ...YEAR })
const claimsCa = issueCertificate({
  subject: U.subject,
  key: other,
  issuerName: CA.subject,
  extensions: [KU],
  ...YEAR,
})
const ofCa = proxy(CA)
const [p2, p1] = proxies(U, {}, {})
const rogueCa = createCa({ subject: '/C=IT/O=G/CN=Rogue', ...YEAR })
const keyOfU = newKey()
const expired = eec('u', { key: keyOfU, until: NOW - 1 })
const renewed = eec('u', { key: keyOfU })
const ofRenewed = proxy(renewed)
const caLike = eec('u', { extensions: [basicConstraints(true), KU] })
const strangers = Array.from({ length: 32 }, (_, n) => createCa({ subject: `/CN=CA ${n}`, ...YEAR }))

describe('which certificates belong together', () => {
  testChains([
    { name: '41: forged proxy', sent: [forged, U], expect: 'SIGNATURE_INVALID' },
    {
      name: '42: forged proxy and self-made EEC of the same DN',
      sent: [forged, selfMade],
      expect: 'UNKNOWN_CA',
    },
    { name: '42: the real EEC in the list too, last', sent: [forged, selfMade, U], expect: 'UNKNOWN_CA' },
    { name: '42: the real EEC in the list too, first', sent: [forged, U, selfMade], expect: 'UNKNOWN_CA' },
    { name: '42: self-made EEC that names the CA', sent: [forged, claimsCa, U], expect: 'SIGNATURE_INVALID' },
    { name: '43: proxy without EEC', sent: [p1!], expect: 'PROXY_ISSUER_NOT_FOUND' },
    { name: '43: proxy and root without EEC', sent: [p1!, CA], expect: 'PROXY_ISSUER_NOT_FOUND' },
    { name: '44: proxy issued by a CA', sent: [ofCa], expect: 'PROXY_ISSUER_IS_CA' },
    { name: '44: proxy issued by a CA, which is sent', sent: [ofCa, CA], expect: 'PROXY_ISSUER_IS_CA' },
    { name: '45: p2, U, p1', sent: [p2!, U, p1!], expect: 'ACCEPT' },
    { name: '45: p1, CA, U', sent: [p1!, CA, U], expect: 'ACCEPT' },
    { name: '45: doubles of leaf and EEC', sent: [p1!, p1!, U, U], expect: 'ACCEPT' },
    { name: "46: another's EEC before one's own", sent: [p1!, V, U], expect: 'ACCEPT', as: U },
    { name: "46: another's EEC alone", sent: [p1!, V], expect: 'PROXY_ISSUER_NOT_FOUND' },
    { name: '47: rogue CA appended', sent: [p1!, U, rogueCa], expect: 'ACCEPT' },
    { name: '48: leaf is the EEC, its proxy appended', sent: [U, p1!], expect: 'ACCEPT' },
    {
      name: '49: renewed EEC with the same key, expired one first',
      sent: [ofRenewed, expired, renewed],
      expect: 'ACCEPT',
      as: renewed,
    },
    {
      name: '49: renewed EEC with the same key, expired one last',
      sent: [ofRenewed, renewed, expired],
      expect: 'ACCEPT',
      as: renewed,
    },
    { name: '49: the expired one alone', sent: [ofRenewed, expired], expect: 'EEC_EXPIRED' },
    { name: '50: 33 certificates', sent: [U, ...strangers], expect: 'CHAIN_TOO_LONG' },
    { name: '50: 32 certificates', sent: [U, ...strangers.slice(1)], expect: 'ACCEPT' },
    { name: '59: proxy of an EEC with cA=TRUE', sent: [proxy(caLike), caLike], expect: 'PROXY_ISSUER_IS_CA' },
    { name: '1.4: something unparsable beside', sent: [p1!, octets('3003020100'), U], expect: 'ACCEPT' },
    { name: '1.4: an unparsable leaf', sent: [octets('3003020100'), U], expect: 'BAD_ENCODING' },
    { name: '1.4: nothing sent', sent: [], expect: 'NO_CLIENT_CERT' },
  ])
})
