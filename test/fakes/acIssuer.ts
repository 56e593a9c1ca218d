import { createHash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { enterWhole } from '../../native-free/der/reader.ts'
import { octetString } from '../../native-free/der/writer.ts'
import type { ProfileConfig, SigningKey } from '../../src/issue/types.ts'
import { createCa } from '../pki/createCa.ts'
import { authorityKeyIdentifier, basicConstraints, extension, keyUsage } from '../pki/extensions.ts'
import type { Credential } from '../pki/issueCertificate.ts'
import { issueCertificate } from '../pki/issueCertificate.ts'
import { privateKeyPem, storedRsaKey, type TestKey } from '../pki/keys.ts'

/** What a test may set of an AC issuer; the rest is fixed, so that with an RSA key the same bytes come out each time. */
export interface AcIssuerOptions {
  readonly key?: TestKey
  readonly subject?: string
  readonly from?: string
  readonly until?: string
  /** Content of SubjectKeyIdentifier; null: no such extension. Default: SHA-1 of the key bits. */
  readonly keyIdentifier?: Uint8Array | null
}

/** SHA-1 of the content of the subjectPublicKey BIT STRING (RFC 5280 4.2.1.2, method 1). */
export function keyHash(key: TestKey): Uint8Array {
  const reader = enterWhole(key.spki, 0x30)
  reader.skip()
  return new Uint8Array(createHash('sha1').update(reader.bitStringOctets()).digest())
}

export const acCa: Credential = createCa({
  subject: '/C=IT/O=IGI/CN=Test CA',
  key: storedRsaKey(2048, 0),
  serial: 1,
  from: '2020-01-01T00:00:00Z',
  until: '2040-01-01T00:00:00Z',
})

/** A credential that may sign ACs. */
export function createAcIssuer(options: AcIssuerOptions = {}): Credential {
  const { key = storedRsaKey(2048, 1), subject = '/C=IT/O=IGI/CN=voms.test.example' } = options
  const { keyIdentifier = keyHash(key) } = options
  return issueCertificate({
    subject,
    key,
    issuer: acCa,
    serial: 0x1001,
    from: options.from ?? '2024-01-01T00:00:00Z',
    until: options.until ?? '2034-01-01T00:00:00Z',
    extensions: [
      basicConstraints(false),
      keyUsage(['digitalSignature', 'keyEncipherment']),
      ...(keyIdentifier === null ? [] : [extension('2.5.29.14', false, octetString(keyIdentifier))]),
      authorityKeyIdentifier(acCa.key),
    ],
  })
}

/** A profile configuration that createProfile() takes, for a test to override. */
export function profileConfig(issuer: Credential, overrides: Partial<ProfileConfig> = {}): ProfileConfig {
  return {
    vo: 'vo.0',
    uri: 'voms.test.example:15000',
    holderForm: 'subject',
    digest: 'sha256',
    maxLifetimeSeconds: 86_400,
    allowEcAcKey: false,
    issuerCertificates: [issuer.der],
    ...overrides,
  }
}

/** The issuer's key in a file of a new temporary folder, as signers read it. */
export function signingKeyFile(
  issuer: Credential,
  digest: SigningKey['digest'] = 'sha256',
): SigningKey & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'vouchd-key-'))
  const path = join(folder, 'ac-key.pem')
  writeFileSync(path, privateKeyPem(issuer.key), { mode: 0o600 })
  const keyId = createHash('sha256').update(issuer.key.spki).digest('hex')
  return { folder, path, keyId, digest }
}
