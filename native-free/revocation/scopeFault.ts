import { bytesEqual } from '../bytes/equal.ts'
import { enterWhole } from '../der/reader.ts'
import { contextTag, TAG } from '../der/tag.ts'
import type { TrustedCrl } from '../proxy/types.ts'
import { Refusal } from '../refusal.ts'
import type { Certificate } from '../x509/certificate.ts'
import { distributionPointNames } from '../x509/distributionPointNames.ts'

const CRL_DISTRIBUTION_POINTS = '2.5.29.31'

type Scope = Pick<TrustedCrl, 'onlyUserCerts' | 'onlyCaCerts' | 'distributionPoint'>

/** Why a CRL says nothing about this certificate (RFC 5280 6.3.3 b 2), for people; undefined when it does. */
export function scopeFault(crl: Scope, certificate: Certificate): string | undefined {
  const isCa = certificate.basicConstraints?.ca === true
  if (crl.onlyUserCerts && isCa) return 'it covers only user certificates'
  if (crl.onlyCaCerts && !isCa) return 'it covers only CA certificates'
  if (crl.distributionPoint === undefined) return undefined
  const own = namesInCertificate(certificate)
  const shared = crl.distributionPoint.some(name => own.some(other => bytesEqual(name, other)))
  return shared ? undefined : 'it covers a distribution point that the certificate does not name'
}

/** All distribution point names of the certificate; none when the extension is absent or malformed. */
function namesInCertificate(certificate: Certificate): Uint8Array[] {
  const extension = certificate.extensions.find(({ oid }) => oid === CRL_DISTRIBUTION_POINTS)
  if (extension === undefined) return []
  try {
    return distributionPoints(extension.value)
  } catch (cause) {
    if (cause instanceof Refusal) return []
    throw cause
  }
}

function distributionPoints(value: Uint8Array): Uint8Array[] {
  const points = enterWhole(value, TAG.sequence)
  const names: Uint8Array[] = []
  while (!points.done) {
    const name = points.enter(TAG.sequence).optionalEnter(contextTag(0, true))
    if (name) names.push(...(distributionPointNames(name) ?? []))
  }
  return names
}
