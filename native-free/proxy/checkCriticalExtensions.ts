import type { Certificate } from '../x509/certificate.ts'
import { OID } from './extensionOids.ts'
import { refuseChain } from './refuseChain.ts'
import type { ChainRefusal } from './types.ts'

const ANY_CERTIFICATE = [
  OID.basicConstraints,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.subjectKeyIdentifier,
  OID.authorityKeyIdentifier,
  OID.certificatePolicies,
  OID.netscapeCertType,
]
const EEC = [
  ...ANY_CERTIFICATE,
  OID.subjectAltName,
  OID.issuerAltName,
  OID.crlDistributionPoints,
  OID.freshestCrl,
]
// Policies are accepted as any policy, so the last three have nothing to decide.
const CA = [...EEC, OID.nameConstraints, OID.policyConstraints, OID.policyMappings, OID.inhibitAnyPolicy]

const UNDERSTOOD = {
  rfc: new Set<string>([...ANY_CERTIFICATE, OID.rfcProxy]),
  draft: new Set<string>([...ANY_CERTIFICATE, OID.draftProxy]),
  legacy: new Set<string>(ANY_CERTIFICATE),
  eec: new Set<string>(EEC),
  ca: new Set<string>(CA),
}

/** Refuses a critical extension that is not understood in a certificate of this kind (RFC 5280 4.2). */
export function checkCriticalExtensions(
  certificate: Certificate,
  kind: keyof typeof UNDERSTOOD,
): ChainRefusal | undefined {
  const unknown = certificate.extensions.find(one => one.critical && !UNDERSTOOD[kind].has(one.oid))
  return unknown && refuseChain('CRITICAL_EXTENSION', `critical extension ${unknown.oid}`, certificate)
}
