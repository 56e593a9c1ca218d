import { onelineF1 } from '../../native-free/dn/oneline.ts'
import type { Certificate } from '../../native-free/x509/certificate.ts'
import { formatTimeLeft } from '../formatTime.ts'
import { describeCertificate, findEec } from './describeCertificate.ts'
import { formatFields } from './printAc.ts'

/**
 * The head of a proxy the way `voms-proxy-info -all` shows it. The time left is that of the whole chain.
 * @param chain leaf first, at least one
 */
export function formatProxyForPeople(chain: readonly Certificate[], path: string, now: number): string {
  const [leaf] = chain as [Certificate, ...Certificate[]]
  const { subject, issuer, type, key, keyUsage } = describeCertificate(leaf)
  const identity = findEec(chain)
  const end = Math.min(...chain.map(({ notAfter }) => notAfter))
  return formatFields([
    ['subject', subject],
    ['issuer', issuer],
    [
      'identity',
      identity === undefined ? 'unknown: its end-entity certificate is missing' : onelineF1(identity.subject),
    ],
    ['type', type],
    ['strength', key],
    ['path', path],
    ['timeleft', formatTimeLeft(end - now)],
    ...(keyUsage === undefined ? [] : [['key usage', keyUsage] as const]),
  ])
}

/** One certificate that is no proxy, for people. */
export function formatCertificateForPeople(certificate: Certificate, now: number): string {
  const { subject, issuer, type, serial, key, keyUsage, notBefore, notAfter, signatureAlgorithm } =
    describeCertificate(certificate)
  return formatFields([
    ['subject', subject],
    ['issuer', issuer],
    ['type', type],
    ['serial', serial],
    ['strength', key],
    ['signature', signatureAlgorithm],
    ['valid', `${notBefore} to ${notAfter}`],
    ['timeleft', formatTimeLeft(certificate.notAfter - now)],
    ...(keyUsage === undefined ? [] : [['key usage', keyUsage] as const]),
  ])
}
