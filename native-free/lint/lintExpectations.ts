import { signatureAlgorithm } from '../ac/signatureAlgorithms.ts'
import type { AcDigest } from '../ac/types.ts'
import { latin1ToBytes } from '../bytes/latin1.ts'
import { explicit, implicit, sequence } from '../der/writer.ts'
import type { Certificate } from '../x509/certificate.ts'

/** What the ACs of one VO and AC issuer must say. Made once by lintExpectations(). */
export interface LintExpectations {
  readonly vo: Uint8Array
  /** GeneralName [6] VO://HOST:PORT. */
  readonly authority: Uint8Array
  /** The whole AttCertIssuer, AlgorithmIdentifier and AuthorityKeyIdentifier. */
  readonly issuer: Uint8Array
  readonly algorithm: Uint8Array
  readonly keyIdentifier: Uint8Array
  readonly issuerCertificate: Uint8Array
  /** Seconds since the epoch. */
  readonly issuerNotAfter: number
  readonly maxLifetimeSeconds: number
}

export interface LintExpectationsInput {
  readonly vo: string
  readonly uri: string
  readonly maxLifetimeSeconds: number
  readonly key: 'rsa' | 'ec'
  readonly digest: AcDigest
  readonly issuer: Pick<Certificate, 'der' | 'subject' | 'notAfter'>
  /** SHA-1 of the AC issuer's subjectPublicKey bits, computed by the caller and not read from an extension. */
  readonly issuerKeyHash: Uint8Array
}

/** Computes what every lint of this VO compares with. Strings must be ASCII. */
export function lintExpectations(input: LintExpectationsInput): LintExpectations {
  return {
    vo: latin1ToBytes(input.vo),
    authority: implicit(6, latin1ToBytes(`${input.vo}://${input.uri}`)),
    issuer: implicit(0, sequence(explicit(4, input.issuer.subject.der)), true),
    algorithm: signatureAlgorithm(input.key, input.digest).der,
    keyIdentifier: sequence(implicit(0, input.issuerKeyHash)),
    issuerCertificate: input.issuer.der,
    issuerNotAfter: input.issuer.notAfter,
    maxLifetimeSeconds: input.maxLifetimeSeconds,
  }
}
