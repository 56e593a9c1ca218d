import { describe, expect, it } from 'vitest'
import { explicit, implicit, sequence } from '../../../native-free/der/writer.ts'
import type { ChainPolicy, TrustedCrl, TrustSnapshot } from '../../../native-free/proxy/types.ts'
import { checkRevocation } from '../../../native-free/revocation/checkRevocation.ts'
import { type CrlIssuer, isNewer } from '../../../native-free/revocation/selectCrl.ts'
import { parseCertificate } from '../../../native-free/x509/parseCertificate.ts'
import { createCa } from '../../pki/createCa.ts'
import { extension } from '../../pki/extensions.ts'
import { issueEec } from '../../pki/issueEec.ts'

const NOW = Date.UTC(2026, 5, 4) / 1000
const DAY = 86_400
const year = { from: '2026-01-01T00:00:00Z', until: '2027-01-01T00:00:00Z' }
const ca = createCa({ subject: '/C=IT/O=G/CN=CA', ...year })
const eec = parseCertificate(issueEec(ca, { subject: '/C=IT/O=G/CN=u', ...year }).der)
const subCa = parseCertificate(createCa({ subject: '/C=IT/O=G/CN=Sub', issuer: ca, ...year }).der)
const issuer: CrlIssuer = { certificate: parseCertificate(ca.der), spkiFingerprint: 'this' }

const distributionPoints = (...names: string[]) =>
  extension(
    '2.5.29.31',
    false,
    sequence(...names.map(name => sequence(explicit(0, implicit(0, uri(name), true))))),
  )
const uri = (text: string) => implicit(6, new TextEncoder().encode(text))
const withPoints = parseCertificate(
  issueEec(ca, {
    subject: '/C=IT/O=G/CN=u',
    ...year,
    extensions: [distributionPoints('http://a', 'http://b')],
  }).der,
)

function crlOf(fields: Partial<TrustedCrl> = {}): TrustedCrl {
  return {
    thisUpdate: NOW - DAY,
    nextUpdate: NOW + DAY,
    number: 5n,
    signatureAlgorithmOid: '1.2.840.113549.1.1.11',
    verifiedBy: new Set(['this']),
    unsupported: undefined,
    onlyUserCerts: false,
    onlyCaCerts: false,
    distributionPoint: undefined,
    isListed: () => false,
    ...fields,
  }
}

function check(
  crls: readonly Partial<TrustedCrl>[],
  { certificate = eec, policy = {}, unreadable = false, now = NOW } = {} as {
    certificate?: typeof eec
    policy?: Partial<ChainPolicy>
    unreadable?: boolean
    now?: number
  },
) {
  const snapshot: TrustSnapshot = {
    generation: 1,
    cas: [],
    casBySubject: () => [],
    crlsByIssuer: name => (name === certificate.issuer.canonical ? crls.map(crlOf) : []),
    hasUnreadableCrl: name => unreadable && name === certificate.issuer.canonical,
  }
  return checkRevocation(
    certificate,
    issuer,
    snapshot,
    { crl: 'ifPresent', crlGraceSeconds: 0, ...policy },
    now,
  )?.reason
}

const listed = { isListed: () => true }
const require: Partial<ChainPolicy> = { crl: 'require' }

describe('checkRevocation', () => {
  it.each<[string, string | undefined, string | undefined]>([
    ['passes an unlisted certificate', check([{}]), undefined],
    ['refuses a listed one', check([listed]), 'REVOKED'],
    [
      'asks the list with the serial of the certificate',
      check([{ isListed: s => s === eec.serial }]),
      'REVOKED',
    ],
    ['passes without any CRL', check([]), undefined],
    ['refuses without any CRL where one is required', check([], { policy: require }), 'CRL_MISSING'],
    ['refuses when the only file is unreadable', check([], { unreadable: true }), 'CRL_UNREADABLE'],
    ['prefers "unreadable" to "missing"', check([], { unreadable: true, policy: require }), 'CRL_UNREADABLE'],
    ['is content with another readable file', check([{}], { unreadable: true }), undefined],
    ['looks at nothing when CRLs are ignored', check([listed], { policy: { crl: 'ignore' } }), undefined],

    ['refuses a CRL that no installed key verifies', check([{ verifiedBy: new Set() }]), 'CRL_SIGNATURE'],
    [
      'takes the CRL of another key of the same name',
      check([{ verifiedBy: new Set(['other']), ...listed }]),
      'REVOKED',
    ],
    [
      'but not when there is one of this key',
      check([{ verifiedBy: new Set(['other']), number: 9n, ...listed }, {}]),
      undefined,
    ],
    [
      'ignores an unverified CRL beside a good one',
      check([{ verifiedBy: new Set(), ...listed }, {}]),
      undefined,
    ],

    ['refuses an unsupported CRL', check([{ unsupported: 'it is a delta CRL' }]), 'CRL_UNSUPPORTED'],
    ['skips a delta CRL beside its base', check([{ unsupported: 'delta', number: 9n }, listed]), 'REVOKED'],
    ['refuses an EEC under a CRL for CAs', check([{ onlyCaCerts: true }]), 'CRL_UNSUPPORTED'],
    [
      'refuses a CA under a CRL for users',
      check([{ onlyUserCerts: true }], { certificate: subCa }),
      'CRL_UNSUPPORTED',
    ],
    ['uses a CRL for users on an EEC', check([{ onlyUserCerts: true, ...listed }]), 'REVOKED'],
    [
      'uses a CRL for CAs on a CA',
      check([{ onlyCaCerts: true, ...listed }], { certificate: subCa }),
      'REVOKED',
    ],
    [
      'uses a partial CRL that the certificate names',
      check([{ distributionPoint: [uri('http://x'), uri('http://b')], ...listed }], {
        certificate: withPoints,
      }),
      'REVOKED',
    ],
    [
      'refuses a partial CRL that the certificate does not name',
      check([{ distributionPoint: [uri('http://c')] }], { certificate: withPoints }),
      'CRL_UNSUPPORTED',
    ],
    [
      'refuses a partial CRL for a certificate that names none',
      check([{ distributionPoint: [uri('http://a')] }]),
      'CRL_UNSUPPORTED',
    ],

    ['refuses a CRL of the future', check([{ thisUpdate: NOW + 301, ...listed }]), 'CRL_NOT_YET_VALID'],
    ['uses a CRL 300 s ahead', check([{ thisUpdate: NOW + 300, ...listed }]), 'REVOKED'],
    [
      'does not let a future CRL hide the present one',
      check([{ thisUpdate: NOW + 999, number: 9n }, listed]),
      'REVOKED',
    ],

    [
      'takes the highest number',
      check([
        { number: 6n, ...listed },
        { number: 5n, thisUpdate: NOW },
      ]),
      'REVOKED',
    ],
    ['takes the latest of one number', check([{ thisUpdate: NOW, ...listed }, {}]), 'REVOKED'],
    [
      'takes a numbered one before one without',
      check([{ number: undefined, thisUpdate: NOW }, listed]),
      'REVOKED',
    ],
    [
      'takes the latest of those without number',
      check([{ number: undefined }, { number: undefined, thisUpdate: NOW, ...listed }]),
      'REVOKED',
    ],

    ['refuses when the newest is past its end', check([{ nextUpdate: NOW - 1 }]), 'CRL_EXPIRED'],
    ['uses it up to its last second', check([{ nextUpdate: NOW }]), undefined],
    ['calls a listed certificate revoked even then', check([{ nextUpdate: NOW - 1, ...listed }]), 'REVOKED'],
    [
      'is content with a fresh one beside an old one',
      check([{ number: 4n, nextUpdate: NOW - 1 }, {}]),
      undefined,
    ],
    ['grants the grace', check([{ nextUpdate: NOW - 60 }], { policy: { crlGraceSeconds: 60 } }), undefined],
    ['and no more', check([{ nextUpdate: NOW - 61 }], { policy: { crlGraceSeconds: 60 } }), 'CRL_EXPIRED'],
    [
      'uses a CRL without end for 30 days',
      check([{ nextUpdate: undefined, thisUpdate: NOW - 30 * DAY }]),
      undefined,
    ],
    [
      'and no longer',
      check([{ nextUpdate: undefined, thisUpdate: NOW - 30 * DAY - 1 }], { policy: { crlGraceSeconds: 60 } }),
      'CRL_EXPIRED',
    ],
  ])('%s', (_, reason, expected) => {
    expect(reason).toBe(expected)
  })

  it('treats a malformed distribution point of the certificate as none', () => {
    const broken = parseCertificate(
      issueEec(ca, {
        subject: '/CN=u',
        ...year,
        extensions: [extension('2.5.29.31', false, uri('http://a'))],
      }).der,
    )
    expect(check([{ distributionPoint: [uri('http://a')] }], { certificate: broken })).toBe('CRL_UNSUPPORTED')
  })
})

describe('isNewer', () => {
  it.each([
    ['a higher number', { number: 2n, thisUpdate: 1 }, { number: 1n, thisUpdate: 9 }, true],
    ['a lower number', { number: 1n, thisUpdate: 9 }, { number: 2n, thisUpdate: 1 }, false],
    ['the same in all', { number: 1n, thisUpdate: 1 }, { number: 1n, thisUpdate: 1 }, false],
    ['any number against none', { number: 0n, thisUpdate: 1 }, { number: undefined, thisUpdate: 9 }, true],
  ])('%s', (_, a, b, expected) => {
    expect(isNewer(a, b)).toBe(expected)
  })
})
