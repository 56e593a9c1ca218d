import { mkdirSync, writeFileSync } from 'node:fs'
import { encodeAcExtension } from '../../native-free/ac/extractAcs.ts'
import * as w from '../../native-free/der/writer.ts'
import { parseCertificate } from '../../native-free/x509/parseCertificate.ts'
import { createCa } from '../pki/createCa.ts'
import { createCrl, deltaCrlIndicator, issuingDistributionPoint } from '../pki/createCrl.ts'
import { type NameInput, nameDer } from '../pki/distinguishedName.ts'
import {
  certificatePolicies,
  crlDistributionPoints,
  extension,
  keyUsage,
  nameConstraints,
  subjectAltName,
} from '../pki/extensions.ts'
import { issueCertificate } from '../pki/issueCertificate.ts'
import { issueEec } from '../pki/issueEec.ts'
import { issueProxy } from '../pki/issueProxy.ts'
import { newKey, storedRsaKey } from '../pki/keys.ts'
import { readVectors } from './readCorpus.ts'

// Writes the DER seeds of test/fuzz/corpus. Keys of elliptic curves are made on the spot, so that each run writes
// other octets: run it only to add a seed, and commit what it wrote. Text seeds are written by hand.

const YEAR = { from: '2026-01-01T00:00:00Z', until: '2027-01-01T00:00:00Z' }
const ca = createCa({ subject: '/C=IT/O=G/CN=CA', ...YEAR })
const rsaCa = createCa({
  subject: '/DC=org/DC=g/CN=CA 2',
  key: storedRsaKey(2048),
  pathLength: 1,
  ...YEAR,
})
const user = issueEec(ca, { subject: '/C=IT/O=G/CN=u', ...YEAR })
const [ac] = readVectors('ac', file => file === 'targets.der')
const acExtension = extension('1.3.6.1.4.1.8005.100.100.5', false, encodeAcExtension([ac!]))

const NAMES: Readonly<Record<string, NameInput>> = {
  plain: '/C=IT/O=Grid/OU=Personal/CN=Some Body 12345',
  email: '/DC=org/DC=example/CN=x/emailAddress=A.B@example.org',
  uid: '/C=IT/UID=u7/CN=Robot: x - y',
  host: '/O=G/CN=host\\/a.example.org',
  'multi-valued': [
    { type: 'O', value: 'G' },
    [
      { type: 'CN', value: 'a+b' },
      { type: 'UID', value: '7' },
    ],
  ],
  strings: [
    { type: 'O', value: 'Pè', string: 't61' },
    { type: 'OU', value: 'é日本 😀' },
    { type: 'CN', value: 'AÉ', string: 'bmp' },
  ],
  wide: [{ type: 'CN', value: Uint8Array.of(0x1c, 8, 0, 1, 0xf6, 0, 0, 0, 0, 0x41) }],
  'unknown-types': [
    { type: '1.2.3.4.5', value: 'X' },
    { type: '2.25.329800735698586629295641978511506172918', value: 'U' },
  ],
  'no-text': [{ type: '2.5.4.45', value: w.bitString(Uint8Array.of(0x41, 0xff)) }],
  empty: [],
}

const CERTIFICATES = {
  ca,
  'rsa-ca': rsaCa,
  user,
  'rsa-user': issueEec(rsaCa, {
    subject: '/DC=org/DC=g/CN=r',
    key: storedRsaKey(2048, 1),
    purposes: ['1.3.6.1.5.5.7.3.2'],
    altNames: [{ email: 'r@g.example' }],
    ...YEAR,
  }),
  host: issueEec(ca, { subject: '/C=IT/O=G/CN=h.example', altNames: [{ dns: 'h.example' }], ...YEAR }),
  'odd-name': issueEec(ca, { subject: NAMES['multi-valued']!, key: newKey('p384'), ...YEAR }),
  ed25519: issueEec(ca, { subject: '/C=IT/O=G/CN=e', key: newKey('ed25519'), ...YEAR }),
  'version-1': issueCertificate({ subject: '/CN=v1', key: newKey(), issuer: ca, version: 1, ...YEAR }),
  'far-future': issueEec(ca, {
    subject: '/C=IT/O=G/CN=f',
    from: '1999-12-31T23:59:59Z',
    until: '9999-12-31T23:59:59Z',
    serial: Uint8Array.from({ length: 20 }, (_, n) => 0x70 + n),
  }),
  'many-extensions': issueCertificate({
    subject: '/C=IT/O=G/CN=x',
    key: newKey(),
    issuer: ca,
    extensions: [
      keyUsage(['digitalSignature']),
      subjectAltName([{ dns: 'a.example' }, { email: 'a@b.example' }], true),
      certificatePolicies(['1.2.840.113612.5.2.3.3.1']),
      crlDistributionPoints(['http://crl.example/ca.crl']),
    ],
    ...YEAR,
  }),
  'constrained-ca': createCa({
    subject: '/C=IT/O=G/CN=sub',
    issuer: ca,
    extensions: [
      keyUsage(['keyCertSign', 'cRLSign']),
      nameConstraints({ permitted: [{ directory: nameDer('/C=IT/O=G') }] }),
    ],
    ...YEAR,
  }),
  proxy: issueProxy(user, YEAR),
  'limited-proxy': issueProxy(user, { language: 'limited', pathLength: 3, ...YEAR }),
  'draft-proxy': issueProxy(user, { kind: 'draft', pathLength: 0, ...YEAR }),
  'legacy-proxy': issueProxy(user, { kind: 'legacy', ...YEAR }),
  'proxy-with-ac': issueProxy(user, { more: [acExtension], ...YEAR }),
}

const LISTED = { thisUpdate: YEAR.from, nextUpdate: YEAR.until, number: 7 }
const CRLS = {
  empty: createCrl(ca, { thisUpdate: YEAR.from }),
  plain: createCrl(ca, { ...LISTED, revoked: [user, { serial: 0x1234, reason: 1 }, { serial: 2n ** 159n }] }),
  rsa: createCrl(rsaCa, { ...LISTED, revoked: Array.from({ length: 40 }, (_, n) => ({ serial: n * 7919 })) }),
  partial: createCrl(ca, {
    ...LISTED,
    revoked: [{ serial: 5, extensions: [extension('2.5.29.24', false, w.generalizedTime(0))] }],
    extensions: [issuingDistributionPoint(w.tlv(0x81, Uint8Array.of(0xff)))],
  }),
  'padded-serial': createCrl(ca, { ...LISTED, revoked: [{ serial: Uint8Array.of(0, 0x12) }] }),
  delta: createCrl(ca, { ...LISTED, extensions: [deltaCrlIndicator(6)] }),
}

const PROXY_INFOS = Object.entries(CERTIFICATES).flatMap(([name, { der }]) =>
  parseCertificate(der)
    .extensions.filter(({ oid }) => oid === '1.3.6.1.5.5.7.1.14' || oid === '1.3.6.1.4.1.3536.1.222')
    .map(({ value }): [string, Uint8Array] => [name, value]),
)

function writeAll(folder: string, files: Iterable<readonly [string, Uint8Array]>): void {
  const url = new URL(`./corpus/${folder}/`, import.meta.url)
  mkdirSync(url, { recursive: true })
  for (const [name, der] of files) writeFileSync(new URL(`${name}.der`, url), der)
}

const ders = (all: Readonly<Record<string, { der: Uint8Array }>>) =>
  Object.entries(all).map(([name, { der }]) => [name, der] as const)

writeAll('certificate', ders(CERTIFICATES))
writeAll('crl', ders(CRLS))
writeAll('proxyCertInfo', PROXY_INFOS)
writeAll(
  'name',
  Object.entries(NAMES).map(([name, input]) => [name, nameDer(input)] as const),
)
