import { describe, expect, it } from 'vitest'
import { parseCertificate } from '../../../native-free/x509/parseCertificate.ts'
import { verifySignature } from '../../../native-free/x509/verifySignature.ts'
import { verifyLink } from '../../../src/authenticate/verifyLink.ts'
import { issueCertificate } from '../../pki/issueCertificate.ts'
import { newKey, storedRsaKey, type TestKey } from '../../pki/keys.ts'
import type { SignatureScheme } from '../../pki/sign.ts'

const YEAR = { from: '2026-01-01T00:00:00Z', until: '2027-01-01T00:00:00Z' }
const rsa = storedRsaKey(2048)

function pair(key: TestKey, scheme: SignatureScheme, signer = key) {
  const issuer = issueCertificate({ subject: '/CN=CA', key, ...YEAR })
  const child = issueCertificate({ subject: '/CN=u', key: newKey(), issuer, signer, scheme, ...YEAR })
  return { issuer: parseCertificate(issuer.der), child: parseCertificate(child.der) }
}

describe('both ways to verify a signature', () => {
  it.each<[string, TestKey, SignatureScheme]>([
    ['RSA, SHA-256', rsa, 'sha256'],
    ['RSA, SHA-384', rsa, 'sha384'],
    ['RSA, SHA-512', rsa, 'sha512'],
    ['RSA-PSS, SHA-256', rsa, 'pss-sha256'],
    ['RSA-PSS, SHA-512', rsa, 'pss-sha512'],
    ['P-256', newKey('p256'), 'sha256'],
    ['P-256, SHA-512', newKey('p256'), 'sha512'],
    ['P-384', newKey('p384'), 'sha384'],
    ['P-521', newKey('p521'), 'sha512'],
    ['Ed25519', newKey('ed25519'), 'sha256'],
  ])('accept %s, and refuse it changed or under another key', async (_, key, scheme) => {
    const { child, issuer } = pair(key, scheme)
    const other = pair(key, scheme).issuer
    expect(other.spki).toEqual(issuer.spki)
    const changed = { ...child, tbs: child.tbs.map((octet, at) => (at === 20 ? octet ^ 1 : octet)) }
    const stranger = parseCertificate(
      issueCertificate({ subject: '/CN=CA', key: strangerOf(key), ...YEAR }).der,
    )
    for (const [which, by, expected] of [
      [child, issuer, true],
      [child, other, true],
      [changed, issuer, false],
      [child, stranger, false],
    ] as const) {
      expect(await verifySignature(crypto.subtle, which, by)).toBe(expected)
      expect(verifyLink(which, by, by === stranger ? strangerOf(key).publicKey : key.publicKey)).toBe(
        expected,
      )
    }
  })

  it.each<[string, TestKey, SignatureScheme]>([
    ['MD5', rsa, 'md5'],
    ['SHA-1', rsa, 'sha1'],
    ['PSS with SHA-1', rsa, 'pss-sha1'],
    ['ECDSA with SHA-1', newKey(), 'sha1'],
  ])('verify nothing with %s', async (_, key, scheme) => {
    const { child, issuer } = pair(key, scheme)
    expect(await verifySignature(crypto.subtle, child, issuer)).toBe(false)
    expect(verifyLink(child, issuer, key.publicKey)).toBe(false)
  })

  it('verify nothing with a key of another kind than the algorithm says', async () => {
    const ec = newKey()
    const { issuer } = pair(ec, 'sha256')
    const { child: byRsa } = pair(rsa, 'sha256')
    // A true ECDSA signature that calls itself RSA.
    const { child } = pair(ec, 'sha256')
    const mislabelled = { ...child, signatureAlgorithm: byRsa.signatureAlgorithm }
    expect(await verifySignature(crypto.subtle, mislabelled, issuer)).toBe(false)
    expect(verifyLink(mislabelled, issuer, ec.publicKey)).toBe(false)
  })

  it.each([
    ['empty', new Uint8Array()],
    ['no DER', new Uint8Array(70).fill(7)],
    ['a negative number', new Uint8Array([0x30, 6, 2, 1, 0x80, 2, 1, 1])],
    ['numbers of zero', new Uint8Array([0x30, 6, 2, 1, 0, 2, 1, 0])],
    [
      'numbers longer than the curve',
      new Uint8Array([0x30, 72, 2, 35, ...Array(35).fill(1), 2, 33, ...Array(33).fill(1)]),
    ],
  ])('refuse an ECDSA signature that is %s', async (_, signature) => {
    const key = newKey()
    const { child, issuer } = pair(key, 'sha256')
    expect(await verifySignature(crypto.subtle, { ...child, signature }, issuer)).toBe(false)
    expect(verifyLink({ ...child, signature }, issuer, key.publicKey)).toBe(false)
  })
})

const strangers = new Map<string, TestKey>()
/** Another key of the same kind. */
function strangerOf(key: TestKey): TestKey {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key.privateKey
  const kind = `${type} ${details?.namedCurve}`
  let stranger = strangers.get(kind)
  if (stranger === undefined) {
    const curve = { prime256v1: 'p256', secp384r1: 'p384', secp521r1: 'p521' } as const
    if (type === 'rsa') stranger = storedRsaKey(2048, 1)
    else if (type === 'ed25519') stranger = newKey('ed25519')
    else stranger = newKey(curve[details!.namedCurve as keyof typeof curve])
    strangers.set(kind, stranger)
  }
  return stranger
}
