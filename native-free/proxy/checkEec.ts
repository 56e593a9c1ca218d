import { unsafeName } from '../dn/unsafeName.ts'
import { type Certificate, KEY_USAGE } from '../x509/certificate.ts'
import { checkCriticalExtensions } from './checkCriticalExtensions.ts'
import { checkKeyStrength, checkSignatureAlgorithm } from './checkStrength.ts'
import { checkTime } from './checkTime.ts'
import { refuseChain } from './refuseChain.ts'
import type { ChainPolicy, ChainRefusal } from './types.ts'

/**
 * Checks the end-entity certificate of a path by itself: form, subject, usage, strength, time, critical extensions.
 * Who signed it is checked elsewhere. Robots and hosts are EECs like any other. `now` in seconds.
 */
export function checkEec(eec: Certificate, policy: ChainPolicy, now: number): ChainRefusal | undefined {
  if (eec.version !== 3) return refuseChain('EEC_VERSION', `version ${eec.version}`, eec)
  if (eec.subject.rdns.length === 0) return refuseChain('EEC_EMPTY_SUBJECT', 'empty subject', eec)
  if (eec.keyUsage !== undefined && !(eec.keyUsage & KEY_USAGE.digitalSignature)) {
    return refuseChain('EEC_KEY_USAGE', 'keyUsage without digitalSignature', eec)
  }
  return (
    checkSignatureAlgorithm(eec) ??
    checkKeyStrength(eec, policy.minRsaBits, policy) ??
    checkTime(eec, 'EEC', now) ??
    checkName(eec) ??
    checkCriticalExtensions(eec, 'eec')
  )
}

function checkName(eec: Certificate): ChainRefusal | undefined {
  const fault = unsafeName(eec.subject)
  return fault === undefined ? undefined : refuseChain('DN_UNSAFE', fault, eec)
}

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const ANY_PURPOSE = '2.5.29.37.0'

/** With requireClientAuthEku: every extKeyUsage on EEC and proxies must allow clients (RFC 3820 3.7 intersects). */
export function checkClientPurpose(
  certificates: readonly Certificate[],
  policy: ChainPolicy,
): ChainRefusal | undefined {
  if (!policy.requireClientAuthEku) return undefined
  const other = certificates.find(
    ({ extendedKeyUsage }) =>
      extendedKeyUsage !== undefined &&
      !extendedKeyUsage.includes(CLIENT_AUTH) &&
      !extendedKeyUsage.includes(ANY_PURPOSE),
  )
  return other && refuseChain('EEC_EKU', 'extKeyUsage without clientAuth', other)
}
