import { type Certificate, KEY_USAGE } from '../x509/certificate.ts'
import { type CaPath, isSelfIssued, type PathCa } from './caPath.ts'
import { checkCriticalExtensions } from './checkCriticalExtensions.ts'
import { checkNameConstraints } from './checkNameConstraints.ts'
import { checkKeyStrength } from './checkStrength.ts'
import { checkTime } from './checkTime.ts'
import { refuseChain } from './refuseChain.ts'
import type { ChainPolicy, ChainRefusal } from './types.ts'

/**
 * Checks each CA above `eec` (RFC 5280 6.1.4): time, roots included; being a CA; usage; path length; key; critical
 * extensions; name constraints. Signatures and their algorithms were looked at while the path was found; those of
 * an anchor are nobody's concern, for it is trusted by being installed. `now` in seconds.
 */
export function checkCaPath(
  eec: Certificate,
  cas: CaPath,
  policy: ChainPolicy,
  now: number,
): ChainRefusal | undefined {
  let casBelow = 0
  for (const ca of cas) {
    const refusal =
      checkTime(ca.certificate, 'CA', now) ??
      checkIsCa(ca) ??
      checkUsage(ca.certificate) ??
      checkPathLength(ca.certificate, casBelow) ??
      checkKeyStrength(ca.certificate, policy.minRsaBits, policy) ??
      checkCriticalExtensions(ca.certificate, 'ca') ??
      checkNameConstraints(ca.certificate, eec)
    if (refusal !== undefined) return refusal
    if (!isSelfIssued(ca.certificate)) casBelow++
  }
  return undefined
}

/** Installed self-issued certificates without basicConstraints are roots from before there were any. */
function checkIsCa({ certificate, trusted }: PathCa): ChainRefusal | undefined {
  const { basicConstraints } = certificate
  const oldRoot = basicConstraints === undefined && trusted !== undefined && isSelfIssued(certificate)
  if (basicConstraints?.ca || oldRoot) return undefined
  return refuseChain('CA_NOT_CA', 'issuer is not a CA', certificate)
}

function checkUsage(ca: Certificate): ChainRefusal | undefined {
  if (ca.keyUsage === undefined || ca.keyUsage & KEY_USAGE.keyCertSign) return undefined
  return refuseChain('CA_KEY_USAGE', 'keyUsage without keyCertSign', ca)
}

/** Counts the CAs below that are not self-issued; proxies and the EEC do not count (RFC 5280 4.2.1.9). */
function checkPathLength(ca: Certificate, casBelow: number): ChainRefusal | undefined {
  const limit = ca.basicConstraints?.pathLength
  if (limit === undefined || casBelow <= limit) return undefined
  return refuseChain('CA_PATHLEN', `pathLenConstraint ${limit}, ${casBelow} CAs below`, ca)
}
