import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ca, host, userNamed } from '../e2e/daemon.ts'
import { writeCertificateFile, writeKeyFile } from '../pki/credentialFiles.ts'
import { privateKeyPem } from '../pki/keys.ts'
import { signingPolicyText } from '../pki/policyText.ts'
import { writeTrustDirectory } from '../pki/trustDirectory.ts'

/** What a site has before it installs vouchd, in a machine's file tree: its CA, its host certificate, a user's one. */
export function writeMachineMaterial(root: string): void {
  const at = (path: string) => join(root, path)
  mkdirSync(at('etc/grid-security/vomsdir'), { recursive: true })
  writeTrustDirectory(at('etc/grid-security/certificates'), [
    { ca, signingPolicy: signingPolicyText('/C=IT/O=Test/CN=CA', ['/C=IT/O=Test/*']) },
  ])
  writeCertificateFile(at('etc/grid-security/hostcert.pem'), host)
  writeKeyFile(at('etc/grid-security/hostkey.pem'), host)
  const user = userNamed('test0')
  writeFileSync(at('root/ada.pem'), user.pem)
  writeFileSync(at('root/ada.key'), privateKeyPem(user.key), { mode: 0o400 })
}
