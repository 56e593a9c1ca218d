import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { octetString } from '../../native-free/der/writer.ts'
import { createCa } from '../pki/createCa.ts'
import { createCrl } from '../pki/createCrl.ts'
import { writeCertificateFile, writeKeyFile } from '../pki/credentialFiles.ts'
import {
  authorityKeyIdentifier,
  basicConstraints,
  CLIENT_AUTH,
  extendedKeyUsage,
  extension,
  keyUsage,
  SERVER_AUTH,
  subjectAltName,
} from '../pki/extensions.ts'
import { type Credential, issueCertificate } from '../pki/issueCertificate.ts'
import { newRsaKey, type TestKey } from '../pki/keys.ts'
import { signingPolicyText } from '../pki/policyText.ts'
import { writeTrustDirectory } from '../pki/trustDirectory.ts'
import { writeLscFile, writeVomsesFile } from '../pki/vomsFiles.ts'

export const DEMO_VO = 'demo.vo'
export const DEMO_USER = '/DC=org/DC=example/CN=Ada Lovelace'
export const DEMO_CA = '/DC=org/DC=example/CN=Demo CA'
const HOST = '/DC=org/DC=example/CN=localhost'

/** A throw-away grid in one folder: what an operator and a user have on their disks. */
export interface DemoGrid {
  readonly trustDirectory: string
  readonly vomsdir: string
  readonly vomses: string
  readonly hostCertificate: string
  readonly hostKey: string
  readonly userCertificate: string
  readonly userKey: string
  readonly user: Credential
  readonly host: Credential
}

interface Validity {
  readonly from: number
  readonly until: number
}

/** Makes a CA, a host and a user with fresh RSA keys, valid from an hour ago for a week. */
export function makeDemoGrid(folder: string, port: number, now: number): DemoGrid {
  const week = { from: now - 3600, until: now + 7 * 86_400 }
  const ca = createCa({ subject: DEMO_CA, key: newRsaKey(), ...week })
  const hostExtensions = [extendedKeyUsage([SERVER_AUTH]), subjectAltName([{ dns: 'localhost' }])]
  const host = issue(ca, HOST, hostExtensions, week)
  const user = issue(ca, DEMO_USER, [extendedKeyUsage([CLIENT_AUTH])], week)
  const at = (...parts: string[]) => join(folder, ...parts)
  const grid: DemoGrid = {
    trustDirectory: at('certificates'),
    vomsdir: at('vomsdir'),
    vomses: at('vomses'),
    hostCertificate: at('hostcert.pem'),
    hostKey: at('hostkey.pem'),
    userCertificate: at('usercert.pem'),
    userKey: at('userkey.pem'),
    ...{ user, host },
  }
  const crl = createCrl(ca, { thisUpdate: week.from, nextUpdate: week.until, number: 1, revoked: [] })
  const signingPolicy = signingPolicyText(DEMO_CA, ['/DC=org/DC=example/*'])
  writeTrustDirectory(grid.trustDirectory, [{ ca, signingPolicy, crls: [crl.pem] }])
  writeLscFile(grid.vomsdir, DEMO_VO, 'localhost', [HOST, DEMO_CA])
  writeVomsesFile(grid.vomses, [{ alias: DEMO_VO, host: 'localhost', port, dn: HOST, vo: DEMO_VO }])
  writeCertificateFile(grid.hostCertificate, host)
  writeKeyFile(grid.hostKey, host)
  writeCertificateFile(grid.userCertificate, user)
  writeKeyFile(grid.userKey, user)
  return grid
}

function issue(
  ca: Credential,
  subject: string,
  special: readonly Uint8Array[],
  validity: Validity,
): Credential {
  const key = newRsaKey()
  const extensions = [
    basicConstraints(false),
    keyUsage(['digitalSignature', 'keyEncipherment']),
    rsaKeyIdentifier(key),
    authorityKeyIdentifier(ca.key),
    ...special,
  ]
  return issueCertificate({ subject, key, issuer: ca, extensions, ...validity })
}

/**
 * SHA-1 of the public key's bits (RFC 5280 4.2.1.2, method 1): clients compute it again to find the AC's issuer, and
 * the C++ client makes proxies only of certificates that have one.
 */
function rsaKeyIdentifier(key: TestKey): Uint8Array {
  const bits = key.publicKey.export({ type: 'pkcs1', format: 'der' })
  return extension('2.5.29.14', false, octetString(createHash('sha1').update(bits).digest()))
}
