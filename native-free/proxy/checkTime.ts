import type { Certificate } from '../x509/certificate.ts'
import { refuseChain } from './refuseChain.ts'
import type { ChainRefusal } from './types.ts'

/**
 * Refuses a certificate that is not valid at `now` (seconds; both ends included, RFC 5280 4.1.2.5). `skewSeconds`
 * forgives a clock that is ahead of ours, at notBefore alone: notAfter never gets slack.
 */
export function checkTime(
  certificate: Certificate,
  family: 'PROXY' | 'EEC' | 'CA',
  now: number,
  skewSeconds = 0,
): ChainRefusal | undefined {
  const { notBefore, notAfter } = certificate
  if (now > notAfter) return refuseChain(`${family}_EXPIRED`, `notAfter ${notAfter}, now ${now}`, certificate)
  if (now < notBefore - skewSeconds) {
    return refuseChain(`${family}_NOT_YET_VALID`, `notBefore ${notBefore}, now ${now}`, certificate)
  }
  return undefined
}
