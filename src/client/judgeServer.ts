import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { onelineF1 } from '../../native-free/dn/oneline.ts'
import { sentenceFor } from '../authenticate/reasonSentences.ts'
import { ClientError } from './ClientError.ts'
import type { ClientTrust } from './clientTrust.ts'

/** Judges the certificates that a server sent (DER, leaf first). Throws ClientError 'server-certificate' or 'trust'. */
export type JudgeServer = (sent: readonly Uint8Array[], host: string) => void

export interface JudgeServerOptions {
  readonly trust: ClientTrust
  /** false: any certificate of a trusted CA is as good as the host's own. */
  readonly checkHostName: boolean
}

/**
 * A judge that wants a chain to a CA of the trust directory and, in the certificate's subjectAltName, the host
 * name or address (RFC 9110 4.3.4; a CN does not count) that the connection was made to.
 */
export function createServerJudge({ trust, checkHostName }: JudgeServerOptions): JudgeServer {
  return (sent, host) => {
    if (trust.cas === 0) {
      throw new ClientError(
        'trust',
        `there is no CA certificate in ${trust.folder}, so that no server can be trusted`,
        'install the CA certificates there, or name their folder by --certdir or X509_CERT_DIR',
      )
    }
    const verdict = trust.authenticator.authenticate(sent, false)
    if (!verdict.accepted) {
      throw new ClientError(
        'server-certificate',
        `the server's certificate was not accepted: ${sentenceFor(verdict)} (${verdict.reason}: ${verdict.detail})`,
        `it was judged by the CAs in ${trust.folder}`,
      )
    }
    if (verdict.proxies.length > 0) {
      throw new ClientError('server-certificate', 'the server showed a proxy instead of a host certificate')
    }
    if (checkHostName && !isForHost(verdict.eec.der, host)) {
      throw new ClientError(
        'server-certificate',
        `the server's certificate is for another host: ${onelineF1(verdict.eec.subject)} (${altNames(verdict.eec.der)})`,
        `check the host name in the vomses file; --skip-hostname-checks takes the certificate for ${host} all the same`,
      )
    }
  }
}

function isForHost(der: Uint8Array, host: string): boolean {
  const certificate = new X509Certificate(der)
  if (isIP(host) !== 0) return certificate.checkIP(host) !== undefined
  return certificate.checkHost(host.replace(/\.$/, ''), { subject: 'never' }) !== undefined
}

function altNames(der: Uint8Array): string {
  return new X509Certificate(der).subjectAltName?.slice(0, 200) ?? 'without a subjectAltName'
}
