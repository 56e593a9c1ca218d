import { sign } from 'node:crypto'
import { acTemplate } from '../../native-free/ac/acTemplate.ts'
import { assemble } from '../../native-free/ac/assemble.ts'
import { encodeTbs } from '../../native-free/ac/encodeTbs.ts'
import { encodeAcExtension } from '../../native-free/ac/extractAcs.ts'
import { signatureAlgorithm } from '../../native-free/ac/signatureAlgorithms.ts'
import { LONG, NOW } from '../e2e/daemon.ts'
import { extension } from '../pki/extensions.ts'
import type { Credential } from '../pki/issueCertificate.ts'
import { issueProxy } from '../pki/issueProxy.ts'

export interface ForgedAc {
  readonly issuer: Credential
  readonly vo?: string
  readonly uri?: string
  readonly fqans: readonly string[]
  readonly notBefore?: number
  readonly notAfter?: number
  /** The embedded certificate; default the issuer's own. */
  readonly certificate?: Uint8Array
}

/** An AC of any issuer about anything, for `holder`. */
export function forgeAc(holder: Credential, forged: ForgedAc): Uint8Array {
  const { issuer, vo = 'vo.0', uri = 'voms.example.org:15000', fqans } = forged
  const template = acTemplate({
    vo,
    uri,
    issuerCertificates: [forged.certificate ?? issuer.der],
    digest: 'sha256',
  })
  const tbs = encodeTbs(template, {
    holderName: holder.subject,
    holderSerial: holder.serial,
    serial: new Uint8Array(16).fill(0x11),
    notBefore: forged.notBefore ?? NOW,
    notAfter: forged.notAfter ?? NOW + 3600,
    fqans,
    attributes: [],
    targets: [],
  })
  return assemble(tbs, signatureAlgorithm('rsa', 'sha256'), sign('sha256', tbs, issuer.key.privateKey))
}

/** A proxy of `issuer` that carries these ACs. */
export function proxyWith(issuer: Credential, acs: readonly Uint8Array[]): Credential {
  const carried = extension('1.3.6.1.4.1.8005.100.100.5', false, encodeAcExtension(acs))
  return issueProxy(issuer, { more: [carried], ...LONG })
}
