import {
  type AltName,
  authorityKeyIdentifier,
  basicConstraints,
  extendedKeyUsage,
  keyUsage,
  subjectAltName,
} from './extensions.ts'
import { type CertificateOptions, type Credential, issueCertificate } from './issueCertificate.ts'
import { newKey } from './keys.ts'

export type EecOptions = Omit<CertificateOptions, 'key' | 'issuer'> & {
  readonly key?: CertificateOptions['key']
  readonly altNames?: readonly AltName[]
  readonly purposes?: readonly string[]
}

/** An end-entity certificate: a user's, a robot's, or with `altNames` a host's. */
export function issueEec(ca: Pick<Credential, 'subject' | 'key'>, options: EecOptions): Credential {
  const { altNames, purposes, ...rest } = options
  const extensions = [
    basicConstraints(false),
    keyUsage(['digitalSignature', 'keyEncipherment']),
    authorityKeyIdentifier(ca.key),
    ...(purposes ? [extendedKeyUsage(purposes)] : []),
    ...(altNames ? [subjectAltName(altNames)] : []),
  ]
  return issueCertificate({ extensions, ...rest, key: rest.key ?? newKey('p256'), issuer: ca })
}
