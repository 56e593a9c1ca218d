import { describe } from 'vitest'
import { createCa } from '../pki/createCa.ts'
import type { NameInput } from '../pki/distinguishedName.ts'
import {
  basicConstraints,
  CLIENT_AUTH,
  certificatePolicies,
  extendedKeyUsage,
  extension,
  keyUsage,
  SERVER_AUTH,
  subjectAltName,
  subjectKeyIdentifier,
} from '../pki/extensions.ts'
import { issueCertificate } from '../pki/issueCertificate.ts'
import { newKey, type RsaBits, storedRsaKey } from '../pki/keys.ts'
import { signingPolicyText } from '../pki/policyText.ts'
import { signatureAlgorithm } from '../pki/sign.ts'
import type { TrustEntry } from '../pki/trustDirectory.ts'
import { CA, CA_DN, type ChainRow, eec, NOW, proxies, proxy, testChains, YEAR } from './chainWorld.ts'

const EEX = [basicConstraints(false), keyUsage(['digitalSignature', 'keyEncipherment'])]
const expired = eec('u', { until: NOW - 1 })
const future = eec('u', { from: NOW + 200 })
const lastSecond = eec('u', { until: NOW })
const encipherOnly = eec('u', { extensions: [keyUsage(['keyEncipherment'])] })
const bareKey = newKey()
const bare = eec('u', { key: bareKey, extensions: [subjectKeyIdentifier(bareKey)] })
const versionOne = eec('u', { version: 1, extensions: [] })
const server = eec('u', { extensions: [...EEX, extendedKeyUsage([SERVER_AUTH])] })
const client = eec('u', { extensions: [...EEX, extendedKeyUsage([SERVER_AUTH, CLIENT_AUTH])] })
const anyPurpose = eec('u', { extensions: [...EEX, extendedKeyUsage(['2.5.29.37.0'])] })
const critical = eec('u', {
  extensions: [...EEX, subjectAltName([{ email: 'a@b' }], true), certificatePolicies(['1.2.3'], true)],
})
const unknownCritical = eec('u', { extensions: [...EEX, extension('1.2.3.4', true, new Uint8Array([5, 0]))] })
const caLike = eec('u', { extensions: [basicConstraints(true), EEX[1]!] })
const longSerial = eec('u', { serial: new Uint8Array(32).fill(1) })
const required = { requireClientAuthEku: true }

describe('the end-entity certificate', () => {
  testChains([
    { name: '51: expired', sent: [expired], expect: 'EEC_EXPIRED' },
    { name: '51: in its last second', sent: [lastSecond], expect: 'ACCEPT', as: lastSecond },
    { name: '51: not yet valid, without slack', sent: [future], expect: 'EEC_NOT_YET_VALID' },
    { name: '51: proxy of an expired one', sent: proxies(expired, {}), expect: 'EEC_EXPIRED' },
    { name: '52: keyEncipherment only', sent: [encipherOnly], expect: 'EEC_KEY_USAGE' },
    { name: '52: proxy of it', sent: proxies(encipherOnly, {}), expect: 'EEC_KEY_USAGE' },
    { name: '53: without basicConstraints and keyUsage', sent: [bare], expect: 'ACCEPT', as: bare },
    { name: '54: version 1', sent: [versionOne], expect: 'EEC_VERSION' },
    { name: '55: serverAuth only', sent: [server], expect: 'ACCEPT', as: server },
    { name: '55: serverAuth only, clientAuth required', sent: [server], policy: required, expect: 'EEC_EKU' },
    {
      name: '55: clientAuth required and there',
      sent: [client],
      policy: required,
      expect: 'ACCEPT',
      as: client,
    },
    { name: '55: any purpose', sent: [anyPurpose], policy: required, expect: 'ACCEPT', as: anyPurpose },
    {
      name: '55: clientAuth required, proxy narrowed',
      sent: proxies(client, { more: [extendedKeyUsage([SERVER_AUTH])] }),
      policy: required,
      expect: 'EEC_EKU',
    },
    {
      name: '56: critical subjectAltName and certificatePolicies',
      sent: [critical],
      expect: 'ACCEPT',
      as: critical,
    },
    { name: '57: unknown critical extension', sent: [unknownCritical], expect: 'CRITICAL_EXTENSION' },
    { name: '58: cA=TRUE', sent: [caLike], expect: 'EEC_IS_CA' },
    { name: '58: the CA itself', sent: [CA], expect: 'EEC_IS_CA' },
    {
      name: '5: algorithms inside and outside differ',
      sent: [eec('u', { outerAlgorithm: signatureAlgorithm(CA.key, 'sha384') })],
      expect: 'BAD_ENCODING',
    },
    { name: '5: serial of 32 octets', sent: [longSerial], as: longSerial, expect: 'ACCEPT' },
    {
      name: '5: serial of 33 octets',
      sent: [eec('u', { serial: new Uint8Array(33).fill(1) })],
      expect: 'BAD_ENCODING',
    },
  ])
})

/** The EEC of this name, alone or with a proxy below it. */
const named = (subject: NameInput) => {
  const one = eec('u', { subject })
  return { sent: [one], as: one }
}
const withProxy = (subject: NameInput) => {
  const one = eec('u', { subject })
  return { sent: proxies(one, {}), as: one }
}

describe('subjects', () => {
  testChains([
    {
      name: '60: ending in emailAddress, with proxy',
      ...withProxy('/C=IT/O=G/CN=u/emailAddress=a@b'),
      expect: 'ACCEPT',
    },
    { name: '60: ending in UID, with proxy', ...withProxy('/C=IT/O=G/CN=u/UID=u'), expect: 'ACCEPT' },
    { name: '60: several CNs', ...withProxy('/C=IT/O=G/CN=u/CN=1234/CN=Full Name'), expect: 'ACCEPT' },
    { name: '60: a robot', ...withProxy('/C=IT/O=G/CN=Robot: x'), expect: 'ACCEPT' },
    {
      name: '60: several attributes in one RDN',
      ...named([
        { type: 'C', value: 'IT' },
        { type: 'O', value: 'G' },
        [
          { type: 'CN', value: 'u' },
          { type: 'UID', value: 'v' },
        ],
      ]),
      expect: 'ACCEPT',
    },
    { name: '61: a host', ...named('/C=IT/O=G/CN=host\\/x.example'), expect: 'ACCEPT' },
    {
      name: '62: what reads as a further attribute',
      ...named([
        { type: 'C', value: 'IT' },
        { type: 'O', value: 'G' },
        { type: 'CN', value: 'x/CN=u' },
      ]),
      expect: 'DN_UNSAFE',
    },
    {
      name: '62: a control character',
      ...named([
        { type: 'C', value: 'IT' },
        { type: 'O', value: 'G' },
        { type: 'CN', value: 'u\0v' },
      ]),
      expect: 'DN_UNSAFE',
    },
    { name: '63: empty', ...named([]), expect: 'EEC_EMPTY_SUBJECT' },
  ])
})

const selfSigned = issueCertificate({ subject: '/C=IT/O=G/CN=u', key: newKey(), extensions: EEX, ...YEAR })
const stranger = createCa({ subject: '/C=XX/CN=Stranger', ...YEAR })
const ofStranger = eec('u', {}, stranger)
const impostorCa = createCa({ subject: CA_DN, ...YEAR })
const ofImpostor = eec('u', {}, impostorCa)

describe('who signed it', () => {
  testChains([
    { name: '64: itself', sent: [selfSigned], expect: 'UNKNOWN_CA' },
    { name: '64: an unknown CA', sent: [ofStranger], expect: 'UNKNOWN_CA' },
    { name: '64: an unknown CA, sent too', sent: [ofStranger, stranger], expect: 'UNKNOWN_CA' },
    {
      name: '64: an unknown CA, sent too, intermediates allowed',
      sent: [ofStranger, stranger],
      policy: { allowSentIntermediates: true },
      expect: 'UNKNOWN_CA',
    },
    { name: '64: a CA that only bears the name of one', sent: [ofImpostor], expect: 'SIGNATURE_INVALID' },
    {
      name: '64: the same, sent too',
      sent: [ofImpostor, impostorCa],
      policy: { allowSentIntermediates: true },
      expect: 'SIGNATURE_INVALID',
    },
  ])
})

const rsaCa = createCa({ subject: '/C=IT/O=G/CN=RSA CA', key: storedRsaKey(2048, 0), ...YEAR })
const policyOf = (dn: string) => signingPolicyText(dn, ['/C=IT/O=G/*'])
const rsaTrust: (TrustEntry & { ca: typeof CA })[] = [
  { ca: rsaCa, signingPolicy: policyOf('/C=IT/O=G/CN=RSA CA') },
]
const signedWith = (
  scheme: Parameters<typeof signatureAlgorithm>[1],
  expect: ChainRow['expect'],
): ChainRow => {
  const one = eec('u', { scheme }, rsaCa)
  return { name: `65, 66: EEC with ${scheme}`, sent: [one], as: one, trust: rsaTrust, expect }
}
const rsaUser = eec('u', { key: storedRsaKey(2048, 1) })
const proxyWith = (
  scheme: Parameters<typeof signatureAlgorithm>[1],
  expect: ChainRow['expect'],
): ChainRow => ({
  name: `65, 66: proxy with ${scheme}`,
  sent: [proxy(rsaUser, { scheme }), rsaUser],
  as: rsaUser,
  expect,
})
const withKey = (bits: RsaBits) => eec('u', { key: storedRsaKey(bits) })
const intermediate = (scheme: 'sha1' | 'sha256') =>
  createCa({ subject: '/C=IT/O=G/CN=Sub', issuer: rsaCa, scheme, ...YEAR })
const underIntermediate = (scheme: 'sha1' | 'sha256') => {
  const sub = intermediate(scheme)
  const one = eec('u', {}, sub)
  const trust = [...rsaTrust, { ca: sub, signingPolicy: policyOf('/C=IT/O=G/CN=Sub') }]
  return { sent: [one], as: one, trust }
}
const curve = (kind: 'secp256k1' | 'brainpoolP256r1') => eec('u', { key: newKey(kind) })
const sha1Root = createCa({
  subject: '/C=IT/O=G/CN=RSA CA',
  key: storedRsaKey(2048, 0),
  scheme: 'sha1',
  ...YEAR,
})
const ecdsaSha512 = eec('u', { scheme: 'sha512' })
const underRsaCa = eec('u', {}, rsaCa)

describe('algorithms and keys', () => {
  testChains([
    signedWith('sha1', 'WEAK_SIGNATURE'),
    signedWith('md5', 'WEAK_SIGNATURE'),
    signedWith('pss-sha1', 'WEAK_SIGNATURE'),
    { ...signedWith('sha224', 'ACCEPT'), notInWebCrypto: true },
    signedWith('sha384', 'ACCEPT'),
    signedWith('sha512', 'ACCEPT'),
    signedWith('pss-sha256', 'ACCEPT'),
    signedWith('pss-sha384', 'ACCEPT'),
    proxyWith('sha1', 'WEAK_SIGNATURE'),
    proxyWith('md5', 'WEAK_SIGNATURE'),
    { ...proxyWith('sha224', 'ACCEPT'), notInWebCrypto: true },
    proxyWith('pss-sha256', 'ACCEPT'),
    {
      name: '66: ECDSA with SHA-224 is not among those accepted',
      sent: [eec('u', { scheme: 'sha224' })],
      expect: 'UNSUPPORTED_ALGORITHM',
    },
    { name: '66: ECDSA with SHA-512', sent: [ecdsaSha512], as: ecdsaSha512, expect: 'ACCEPT' },
    { name: '67: EEC with RSA-1024', sent: [withKey(1024)], expect: 'WEAK_KEY' },
    {
      name: '67: EEC with RSA-1024, lower bound for proxies',
      sent: [withKey(1024)],
      policy: { minProxyRsaBits: 1024 },
      expect: 'WEAK_KEY',
    },
    ...([512, 768, 1024] as const).map(bits => ({
      name: `67: proxy with RSA-${bits}`,
      sent: proxies(rsaUser, { key: storedRsaKey(bits) }),
      expect: 'WEAK_KEY' as const,
    })),
    {
      name: '67: key above the upper bound',
      sent: [withKey(4096)],
      policy: { maxRsaBits: 3072 },
      expect: 'WEAK_KEY',
    },
    {
      name: '67: CA key above the upper bound',
      sent: [underRsaCa],
      trust: rsaTrust,
      policy: { maxRsaBits: 1024, minRsaBits: 1024 },
      expect: 'WEAK_KEY',
    },
    { name: '67: curve secp256k1', sent: [curve('secp256k1')], expect: 'WEAK_KEY' },
    { name: '67: curve brainpoolP256r1', sent: [curve('brainpoolP256r1')], expect: 'WEAK_KEY' },
    {
      name: '68: proxy with RSA-1024, allowed',
      sent: proxies(rsaUser, { key: storedRsaKey(1024) }),
      as: rsaUser,
      policy: { minProxyRsaBits: 1024 },
      expect: 'ACCEPT',
    },
    {
      name: '69: root with SHA-1 signature on itself',
      sent: [underRsaCa],
      as: underRsaCa,
      trust: [{ ...rsaTrust[0]!, ca: sha1Root }],
      expect: 'ACCEPT',
    },
    { name: '69: intermediate with SHA-1', ...underIntermediate('sha1'), expect: 'WEAK_SIGNATURE' },
    { name: '70: intermediate installed, not sent', ...underIntermediate('sha256'), expect: 'ACCEPT' },
  ])
})
