import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createCa } from './createCa.ts'
import { createCrl } from './createCrl.ts'
import { writeKeyFile, writeProxyFile } from './credentialFiles.ts'
import { issueEec } from './issueEec.ts'
import { issueProxy } from './issueProxy.ts'
import { newKey, storedRsaKey } from './keys.ts'
import { signingPolicyText } from './policyText.ts'
import type { SignatureScheme } from './sign.ts'
import { subjectHash } from './subjectHash.ts'
import { writeTrustDirectory } from './trustDirectory.ts'

const year = { from: '2026-01-01T00:00:00Z', until: '2027-01-01T00:00:00Z' }
const folder = mkdtempSync(join(tmpdir(), 'pki-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('the kit, read by an independent reader', () => {
  const ca = createCa({ subject: '/C=IT/O=G/CN=CA', key: storedRsaKey(2048), ...year })

  it.each<SignatureScheme>([
    'md5',
    'sha1',
    'sha224',
    'sha256',
    'sha384',
    'sha512',
    'pss-sha256',
    'pss-sha512',
  ])('signs with %s', scheme => {
    const eec = new X509Certificate(issueEec(ca, { subject: '/C=IT/CN=u', scheme, ...year }).der)
    expect(eec.verify(ca.key.publicKey)).toBe(true)
  })

  it.each(['p256', 'p384', 'p521', 'secp256k1', 'brainpoolP256r1', 'ed25519', 'ed448'] as const)(
    'lets a %s key sign a proxy',
    kind => {
      const eec = issueEec(ca, { subject: '/C=IT/CN=u', key: newKey(kind), ...year })
      const proxy = new X509Certificate(issueProxy(eec, { cn: '7', ...year }).der)
      expect(proxy.verify(eec.key.publicKey)).toBe(true)
      expect(proxy.subject).toBe('C=IT\nCN=u\nCN=7')
    },
  )

  it('forges when told to', () => {
    const forged = issueEec(ca, { subject: '/C=IT/CN=u', signer: newKey(), ...year })
    expect(new X509Certificate(forged.der).verify(ca.key.publicKey)).toBe(false)
  })

  it('writes keys 0400 and proxies 0600, leaf first', () => {
    const eec = issueEec(ca, { subject: '/C=IT/CN=u', ...year })
    const proxy = issueProxy(eec, year)
    writeKeyFile(join(folder, 'key.pem'), eec)
    writeProxyFile(join(folder, 'proxy.pem'), proxy, [eec])
    expect(statSync(join(folder, 'key.pem')).mode & 0o777).toBe(0o400)
    expect(statSync(join(folder, 'proxy.pem')).mode & 0o777).toBe(0o600)
    const text = readFileSync(join(folder, 'proxy.pem'), 'utf8')
    expect(text.startsWith(proxy.pem) && text.endsWith(eec.pem)).toBe(true)
  })

  it('names files of a trust directory as OpenSSL does', () => {
    // openssl x509 -subject_hash and -subject_hash_old of a certificate with this subject, OpenSSL 3.0.
    expect(subjectHash(ca.subject, 'new')).toBe('2ae7676b')
    expect(subjectHash(ca.subject, 'old')).toBe('f364ab95')
  })

  it('writes a trust directory under both hashes, doubles of a name numbered on', () => {
    const signingPolicy = signingPolicyText('/C=IT/O=G/CN=CA', ['/C=IT/O=G/*'])
    const crl = createCrl(ca, { thisUpdate: year.from, nextUpdate: year.until })
    const again = createCa({ subject: '/C=IT/O=G/CN=CA', ...year })
    writeTrustDirectory(join(folder, 'trust'), [{ ca, signingPolicy, crls: [crl.pem] }, { ca: again }])
    expect(readdirSync(join(folder, 'trust')).sort()).toEqual(
      [
        '2ae7676b.0',
        '2ae7676b.1',
        '2ae7676b.r0',
        '2ae7676b.signing_policy',
        'f364ab95.0',
        'f364ab95.1',
        'f364ab95.r0',
        'f364ab95.signing_policy',
        'ca-0.pem',
        'ca-0.signing_policy',
        'ca-1.pem',
      ].sort(),
    )
    expect(readFileSync(join(folder, 'trust', '2ae7676b.1'), 'utf8')).toBe(again.pem)
  })
})
