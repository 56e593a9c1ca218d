import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createAuthenticator } from '../../src/authenticate/authenticate.ts'
import { createCa } from '../pki/createCa.ts'
import { type CrlOptions, createCrl, deltaCrlIndicator, issuingDistributionPoint } from '../pki/createCrl.ts'
import { extension } from '../pki/extensions.ts'
import { newKey } from '../pki/keys.ts'
import { signingPolicyText } from '../pki/policyText.ts'
import { subjectHash } from '../pki/subjectHash.ts'
import { type TrustEntry, writeCrl } from '../pki/trustDirectory.ts'
import {
  CA,
  type ChainRow,
  DEFAULT_POLICY,
  directoryTrust,
  eec,
  expectVerdict,
  NOW,
  proxies,
  proxy,
  ROOT,
  testChains,
  U,
  YEAR,
} from './chainWorld.ts'

const DAY_SECONDS = 86_400
const CURRENT = { thisUpdate: NOW - DAY_SECONDS, nextUpdate: NOW + DAY_SECONDS, number: 5 }
const PAST = { thisUpdate: NOW - 3 * DAY_SECONDS, nextUpdate: NOW - 1, number: 4 }
const crl = (options: Partial<CrlOptions> = {}) => createCrl(CA, { ...CURRENT, ...options })
const under = (...crls: ReturnType<typeof crl>[]) => ({
  trust: [{ ...ROOT, crls: crls.map(one => one.der) }],
})
const required = { crl: 'require' } as const

const longSerial = new Uint8Array([0, 0xff, ...Array<number>(19).fill(7)])
const ofLongSerial = eec('u', { serial: longSerial })
const sameSerialProxy = proxy(U, { serial: 4711 })
const otherKey = newKey()

describe('CRLs', () => {
  testChains([
    { name: '88: EEC revoked, as DER', sent: [U], ...under(crl({ revoked: [U] })), expect: 'REVOKED' },
    {
      name: '88: EEC revoked, as PEM',
      sent: [U],
      trust: [{ ...ROOT, crls: [crl({ revoked: [U] }).pem] }],
      onlyInDirectory: true,
      expect: 'REVOKED',
    },
    {
      name: '88: proxy of a revoked EEC',
      sent: proxies(U, {}),
      ...under(crl({ revoked: [U] })),
      expect: 'REVOKED',
    },
    {
      name: '88: on hold',
      sent: [U],
      ...under(crl({ revoked: [{ serial: U.serial, reason: 6 }] })),
      expect: 'REVOKED',
    },
    {
      name: '88: others revoked',
      sent: [U],
      ...under(crl({ revoked: [{ serial: 4711 }] })),
      expect: 'ACCEPT',
    },
    {
      name: '88: enforce off lets it pass',
      sent: [U],
      ...under(crl({ revoked: [U] })),
      policy: { enforce: false },
      expect: 'ACCEPT',
    },
    {
      name: '88: CRLs ignored',
      sent: [U],
      ...under(crl({ revoked: [U] })),
      policy: { crl: 'ignore' },
      expect: 'ACCEPT',
    },
    {
      name: '89: serial of the proxy is a revoked one',
      sent: [sameSerialProxy, U],
      ...under(crl({ revoked: [{ serial: 4711 }] })),
      expect: 'ACCEPT',
    },
    { name: '90: no CRL', sent: [U], expect: 'ACCEPT' },
    { name: '90: no CRL, required', sent: [U], policy: required, expect: 'CRL_MISSING' },
    { name: '91: expired', sent: [U], ...under(crl(PAST)), expect: 'CRL_EXPIRED' },
    {
      name: '91: expired, within grace',
      sent: [U],
      ...under(crl(PAST)),
      policy: { crlGraceSeconds: 60 },
      expect: 'ACCEPT',
    },
    {
      name: '91: from the future',
      sent: [U],
      ...under(crl({ thisUpdate: NOW + 301 })),
      expect: 'CRL_NOT_YET_VALID',
    },
    {
      name: '91: expired and listed',
      sent: [U],
      ...under(crl({ ...PAST, revoked: [U] })),
      expect: 'REVOKED',
    },
    { name: '92: expired .r0, fresh .r1', sent: [U], ...under(crl(PAST), crl()), expect: 'ACCEPT' },
    {
      name: '92: revoked in .r0, no more in the newer .r1',
      sent: [U],
      ...under(crl({ number: 4, revoked: [U] }), crl()),
      expect: 'ACCEPT',
    },
    {
      name: '94: signed by another key',
      sent: [U],
      ...under(crl({ signer: otherKey })),
      expect: 'CRL_SIGNATURE',
    },
    {
      name: '94: signed by another key of the DN that is installed',
      sent: [U],
      trust: [
        { ...ROOT, crls: [crl({ signer: otherKey, revoked: [U] }).der] },
        { ca: createCa({ subject: '/C=IT/O=G/CN=CA', key: otherKey, ...YEAR }) },
      ],
      expect: 'REVOKED',
    },
    {
      name: '95: unknown critical extension',
      sent: [U],
      ...under(crl({ extensions: [extension('1.2.3', true, new Uint8Array())] })),
      expect: 'CRL_UNSUPPORTED',
    },
    {
      name: '95: delta',
      sent: [U],
      ...under(crl({ extensions: [deltaCrlIndicator(4)] })),
      expect: 'CRL_UNSUPPORTED',
    },
    {
      name: '95: indirect',
      sent: [U],
      ...under(crl({ extensions: [issuingDistributionPoint(new Uint8Array([0x84, 1, 0xff]))] })),
      expect: 'CRL_UNSUPPORTED',
    },
    {
      name: '97: serial of 20 octets with top bit, leading 00',
      sent: [ofLongSerial],
      ...under(crl({ revoked: [ofLongSerial] })),
      expect: 'REVOKED',
    },
    {
      name: '97: the same serial, not listed',
      sent: [ofLongSerial],
      as: ofLongSerial,
      ...under(crl({ revoked: [U] })),
      expect: 'ACCEPT',
    },
  ])
})

const SUB_DN = '/C=IT/O=G/CN=Sub'
const sub = createCa({ subject: SUB_DN, issuer: CA, ...YEAR })
const ofSub = eec('u', {}, sub)
const subEntry: TrustEntry & { ca: typeof sub } = {
  ca: sub,
  signingPolicy: signingPolicyText(SUB_DN, ['/C=IT/O=G/*']),
}
const rootCrl = crl({ revoked: [sub] }).der

describe('intermediates and CRLs', () => {
  testChains([
    {
      name: '96: intermediate revoked by the root',
      sent: [ofSub],
      trust: [{ ...ROOT, crls: [rootCrl] }, subEntry],
      expect: 'REVOKED',
    },
    {
      name: '96: intermediate revoked by the root, partial chains allowed',
      sent: [ofSub],
      trust: [{ ...ROOT, crls: [rootCrl] }, subEntry],
      policy: { partialChain: true },
      expect: 'REVOKED',
    },
    {
      name: '96: another revoked by the root',
      sent: [ofSub],
      as: ofSub,
      trust: [{ ...ROOT, crls: [crl({ revoked: [U] }).der] }, subEntry],
      expect: 'ACCEPT',
    },
    {
      name: '96: CRL of the intermediate lists its EEC',
      sent: [ofSub],
      trust: [ROOT, { ...subEntry, crls: [createCrl(sub, { ...CURRENT, revoked: [ofSub] }).der] }],
      expect: 'REVOKED',
    },
    {
      name: '96: required, only the root has one',
      sent: [ofSub],
      trust: [{ ...ROOT, crls: [crl().der] }, subEntry],
      policy: required,
      expect: 'CRL_MISSING',
    },
  ])
})

/** Rows about files: `change` does to the folder what the row says. */
const fileRows: readonly (Pick<ChainRow, 'name' | 'expect'> & {
  readonly entries?: readonly TrustEntry[]
  readonly change?: (folder: string) => void
})[] = [
  { name: '80: only MD5-hash names', entries: [{ ...ROOT, hashes: ['old'] }], expect: 'ACCEPT' },
  { name: '80: only new names', entries: [{ ...ROOT, hashes: ['new'] }], expect: 'ACCEPT' },
  { name: '80: .1 without .0', entries: [{ ...ROOT, suffix: 1 }], expect: 'ACCEPT' },
  {
    name: '81: file name is not the hash of its content',
    entries: [{ ca: createCa({ subject: '/CN=Other', ...YEAR }) }],
    change: folder => writeFileSync(join(folder, '01234567.0'), CA.pem),
    expect: 'UNKNOWN_CA',
  },
  {
    name: '93: CRL cut off',
    change: folder => writeCrl(folder, CA, crl().der.subarray(0, 80)),
    expect: 'CRL_UNREADABLE',
  },
  {
    name: '93: CRL cut off in PEM',
    change: folder => writeCrl(folder, CA, crl().pem.slice(0, 200)),
    expect: 'CRL_UNREADABLE',
  },
  {
    name: '93: CRL cut off beside a good one',
    change: folder => {
      writeCrl(folder, CA, crl().der.subarray(0, 80), 0)
      writeCrl(folder, CA, crl().der, 1)
    },
    expect: 'ACCEPT',
  },
  {
    name: '2.7: no CA at all',
    entries: [],
    change: folder => writeFileSync(join(folder, `${subjectHash(CA.subject, 'new')}.0`), 'nothing'),
    expect: 'TRUST_NOT_LOADED',
  },
]

describe('files of the trust directory', () => {
  it.each(fileRows)('$name', async row => {
    const snapshot = await directoryTrust(row.entries ?? [ROOT], row.change)
    const { authenticate } = createAuthenticator(
      { policy: DEFAULT_POLICY },
      { snapshot: () => snapshot, clock: { now: () => NOW } },
    )
    expectVerdict(authenticate([U.der], false), row)
  })
})

describe('enforce off', () => {
  const judged = async (trust: readonly TrustEntry[]) => {
    const snapshot = await directoryTrust(trust)
    const policy = { ...DEFAULT_POLICY, enforce: false }
    const clock = { now: () => NOW }
    return createAuthenticator({ policy }, { snapshot: () => snapshot, clock }).authenticate([U.der], false)
  }

  it('says what it would have refused', async () => {
    const verdict = await judged(under(crl({ revoked: [U] })).trust)
    expect(verdict).toMatchObject({ accepted: true, wouldRefuse: { reason: 'REVOKED' } })
  })

  it('says nothing where all is well', async () => {
    const verdict = await judged(under(crl()).trust)
    expect(verdict).toMatchObject({ accepted: true, wouldRefuse: undefined })
  })
})
