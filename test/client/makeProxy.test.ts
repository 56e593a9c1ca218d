import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseCertificate } from '../../native-free/x509/parseCertificate.ts'
import { decodePem } from '../../native-free/x509/pem.ts'
import { type MakeProxyOptions, makeProxy } from '../../src/client/makeProxy.ts'
import { type UserCredential, userCredential } from '../../src/client/UserCredential.ts'
import type { Credential } from '../pki/issueCertificate.ts'
import { issueEec } from '../pki/issueEec.ts'
import { issueProxy } from '../pki/issueProxy.ts'
import { newKey, storedRsaKey } from '../pki/keys.ts'
import { asUser, ca, LONG, makeAc, makeTrust, NOW, user } from './grid.ts'

let grid: Awaited<ReturnType<typeof makeTrust>>
beforeAll(async () => {
  grid = await makeTrust()
})
afterAll(() => grid.remove())

const options = (change: Partial<MakeProxyOptions> = {}): MakeProxyOptions => ({
  key: { kind: 'ec' },
  lifetimeSeconds: 43_200,
  limited: false,
  pathLength: undefined,
  acs: [],
  now: NOW,
  randomBytes,
  ...change,
})

/** A proxy file as a tool reads it. */
function readFile(text: string) {
  const blocks = decodePem(text)
  return {
    labels: blocks.map(({ label }) => label),
    certificates: blocks.filter(({ label }) => label === 'CERTIFICATE').map(({ der }) => der),
    key: createPrivateKey(/-----BEGIN [A-Z ]*KEY-----[^-]*-----END [A-Z ]*KEY-----/.exec(text)![0]),
  }
}

const rsaUser = issueEec(ca, { subject: '/C=IT/O=Test/CN=rsa', key: storedRsaKey(2048), ...LONG })
const edUser = issueEec(ca, { subject: '/C=IT/O=Test/CN=ed', key: newKey('ed25519'), ...LONG })
const proxyOf = (issuer: Credential, change = {}) => issueProxy(issuer, { ...LONG, ...change })

describe('makeProxy', () => {
  it.each<[string, UserCredential, MakeProxyOptions['key'], string]>([
    ['an RSA key of an RSA certificate', asUser(rsaUser), { kind: 'rsa', bits: 2048 }, 'RSA PRIVATE KEY'],
    ['an EC key of an RSA certificate', asUser(rsaUser), { kind: 'ec' }, 'EC PRIVATE KEY'],
    ['an EC key of an EC certificate', asUser(user), { kind: 'ec' }, 'EC PRIVATE KEY'],
    ['an EC key of an Ed25519 certificate', asUser(edUser), { kind: 'ec' }, 'EC PRIVATE KEY'],
  ])('makes one with %s that the daemon would accept', async (_name, credential, key, label) => {
    const proxy = await makeProxy(credential, options({ key }))
    const file = readFile(proxy.file)
    expect(file.labels).toEqual(['CERTIFICATE', label, 'CERTIFICATE'])
    expect(new X509Certificate(file.certificates[0]!).checkPrivateKey(file.key)).toBe(true)
    const verdict = grid.trust.authenticator.authenticate(file.certificates, false)
    expect(verdict).toMatchObject({ accepted: true, limited: false, validUntil: NOW + 43_200 })
  })

  it('begins five minutes ago, never before its issuer, and ends with its chain', async () => {
    const young = issueEec(ca, { subject: '/C=IT/O=Test/CN=y', from: NOW - 60, until: NOW + 600 })
    const [usual, short] = [
      await makeProxy(asUser(user), options()),
      await makeProxy(asUser(young), options()),
    ]
    expect([usual.certificate.notBefore, usual.validUntil, usual.isShortened]).toEqual([
      NOW - 300,
      NOW + 43_200,
      false,
    ])
    expect([short.certificate.notBefore, short.certificate.notAfter, short.isShortened]).toEqual([
      NOW - 60,
      NOW + 600,
      true,
    ])
  })

  it('makes one of a proxy, with the whole chain in the file', async () => {
    const first = proxyOf(user)
    const second = await makeProxy(asUser(first, user), options({ limited: true, acs: [makeAc()] }))
    const { certificates } = readFile(second.file)
    expect(certificates.slice(1).map(der => Buffer.from(der).toString('hex'))).toEqual(
      [first.der, user.der].map(der => Buffer.from(der).toString('hex')),
    )
    expect(grid.trust.authenticator.authenticate(certificates, false)).toMatchObject({
      accepted: true,
      limited: true,
    })
  })

  it('writes no CA into the file', async () => {
    const { file } = await makeProxy(asUser(user, ca), options())
    expect(readFile(file).certificates).toHaveLength(2)
  })

  it('gives every proxy a serial of its own', async () => {
    const serials = new Set<string>()
    for (let n = 0; n < 20; n++) {
      const { certificate } = await makeProxy(asUser(user), options())
      serials.add(Buffer.from(certificate.serial).toString('hex'))
    }
    expect(serials.size).toBe(20)
    const zero = await makeProxy(asUser(user), options({ randomBytes: count => new Uint8Array(count) }))
    expect([...zero.certificate.serial]).toEqual([1])
  })

  const past = { from: '2020-01-01T00:00:00Z', until: '2026-01-01T00:00:00Z' }
  const expired = issueEec(ca, { subject: '/C=IT/O=Test/CN=e', ...past })
  const limited = proxyOf(user, { language: 'limited' })
  const last = proxyOf(user, { pathLength: 0 })
  const second = proxyOf(proxyOf(user, { pathLength: 1 }))
  it.each<[string, () => UserCredential, RegExp]>([
    ['an expired certificate', () => asUser(expired), /your certificate has expired/],
    ['an expired proxy', () => asUser(proxyOf(user, past), user), /the proxy that you sign with has expired/],
    ['a limited proxy, a full one', () => asUser(limited, user), /is limited/],
    [
      'a proxy of a limited one, a full one',
      () => asUser(proxyOf(limited, { language: 'limited' }), limited, user),
      /is limited/,
    ],
    ['a proxy that allows none', () => asUser(last, user), /allows no further proxy/],
    [
      'a proxy whose issuer allows none further',
      () => asUser(proxyOf(second), proxyOf(user, { pathLength: 1 }), user),
      /allows no further proxy/,
    ],
    ['a proxy of an old kind', () => asUser(proxyOf(user, { kind: 'legacy' }), user), /of an old kind/],
  ])('makes of %s none', async (_name, credential, message) => {
    await expect(makeProxy(credential(), options())).rejects.toMatchObject({
      code: 'proxy',
      message: expect.stringMatching(message),
    })
  })
})

describe('userCredential', () => {
  it('wants the key of the first certificate, and an end-entity certificate', () => {
    const certificate = parseCertificate(user.der)
    expect(() => userCredential([certificate], rsaUser.key.privateKey, 'f')).toThrow(/not the key of f/)
    expect(() => userCredential([], user.key.privateKey, 'f')).toThrow(/f holds no certificate/)
    const proxy = proxyOf(user)
    expect(() => userCredential([parseCertificate(proxy.der)], proxy.key.privateKey, 'f')).toThrow(
      /a proxy without the certificate/,
    )
  })
})
