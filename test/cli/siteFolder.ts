import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { octetString } from '../../native-free/der/writer.ts'
import { keyHash } from '../fakes/acIssuer.ts'
import { createCa } from '../pki/createCa.ts'
import { writeCertificateFile, writeKeyFile } from '../pki/credentialFiles.ts'
import {
  authorityKeyIdentifier,
  basicConstraints,
  extension,
  keyUsage,
  subjectAltName,
} from '../pki/extensions.ts'
import { type CertificateOptions, type Credential, issueCertificate } from '../pki/issueCertificate.ts'
import { storedRsaKey, type TestKey } from '../pki/keys.ts'
import { signingPolicyText } from '../pki/policyText.ts'
import { writeTrustDirectory } from '../pki/trustDirectory.ts'

/** Around the moment of these tests, and around the wall clock, which child processes go by. */
export const DECADES = { from: '2020-01-01T00:00:00Z', until: '2046-01-01T00:00:00Z' }

/** A host certificate that may sign ACs; any option replaces what it has. */
export function issueHost(
  ca: Credential,
  key: TestKey,
  options: Partial<CertificateOptions> = {},
): Credential {
  return issueCertificate({
    subject: '/C=IT/O=G/CN=voms.example.org',
    key,
    issuer: ca,
    serial: 0x77,
    extensions: [
      basicConstraints(false),
      keyUsage(['digitalSignature', 'keyEncipherment']),
      authorityKeyIdentifier(ca.key),
      subjectAltName([{ dns: 'voms.example.org' }]),
      extension('2.5.29.14', false, octetString(keyHash(key))),
    ],
    ...DECADES,
    ...options,
  })
}

/** A set-up that `vouchd check` finds nothing wrong with, in a folder of its own. */
export interface Site {
  readonly folder: string
  readonly config: string
  readonly ca: Credential
  path(name: string): string
  /** Replaces the configuration; `more` stands before [[vo]], `vo` inside it. */
  configure(more: string, vo?: string): void
  remove(): void
}

export function makeSite(): Site {
  const folder = mkdtempSync(join(tmpdir(), 'vouchd-cli-'))
  const path = (name: string) => join(folder, name)
  const ca = createCa({ subject: '/C=IT/O=G/CN=CA', ...DECADES })
  const key = storedRsaKey(2048)
  const host = issueHost(ca, key)
  writeCertificateFile(path('host.pem'), host)
  writeKeyFile(path('host.key'), host)
  writeTrustDirectory(path('certificates'), [
    { ca, signingPolicy: signingPolicyText('/C=IT/O=G/CN=CA', ['/C=IT/O=G/*']) },
  ])
  const site: Site = {
    folder,
    config: path('vouchd.toml'),
    ca,
    path,
    configure(more, vo = '') {
      writeFileSync(
        path('vouchd.toml'),
        `${more.includes('[processes]') ? more : `${more}\n[processes]\ncontrolSocket = "control.sock"`}
[trust]
directory = "certificates"
vomsdir = "vomsdir"
[audit]
folder = "audit"
[observe]
listen = []
[defaults]
hostCredentials = [ { certificate = "host.pem", key = "host.key" } ]
[[vo]]
name = "vo.0"
listen = ["127.0.0.1:0"]
uri = "voms.example.org:15000"
${vo}`,
      )
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
  site.configure('[store]\nfolder = "database"')
  return site
}
