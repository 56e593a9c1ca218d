import { authorityKeyIdentifier, basicConstraints, keyUsage, subjectKeyIdentifier } from './extensions.ts'
import { type CertificateOptions, type Credential, issueCertificate } from './issueCertificate.ts'
import { newKey } from './keys.ts'

export type CaOptions = Omit<CertificateOptions, 'key'> & {
  readonly key?: CertificateOptions['key']
  readonly pathLength?: number
}

/** A CA: a root, or with `issuer` an intermediate. P-256 and the usual extensions unless told otherwise. */
export function createCa({ pathLength, ...options }: CaOptions): Credential {
  const key = options.key ?? newKey('p256')
  const extensions = [
    basicConstraints(true, pathLength),
    keyUsage(['keyCertSign', 'cRLSign']),
    subjectKeyIdentifier(key),
    ...(options.issuer ? [authorityKeyIdentifier(options.issuer.key)] : []),
  ]
  return issueCertificate({ extensions, ...options, key })
}
