import type { Certificate } from '../x509/certificate.ts'
import type { TrustedCa } from './types.ts'

/** A CA on the way from the EEC to the anchor; `trusted` is undefined when the client sent it. */
export interface PathCa {
  readonly certificate: Certificate
  readonly trusted: TrustedCa | undefined
}

/** The CAs above an EEC, its issuer first, the anchor last. */
export type CaPath = readonly PathCa[]

export function isSelfIssued(certificate: Certificate): boolean {
  return certificate.subject.canonical === certificate.issuer.canonical
}

/**
 * The certificates of the path that somebody on it issued, each with the CAs above it: the EEC and the
 * intermediates. The anchor is not among them, nor is a self-issued CA (a change of key).
 */
export function* issuedOn(
  eec: Certificate,
  cas: CaPath,
): Generator<{ certificate: Certificate; above: CaPath }> {
  yield { certificate: eec, above: cas }
  for (let at = 0; at + 1 < cas.length; at++) {
    const { certificate } = cas[at]!
    if (!isSelfIssued(certificate)) yield { certificate, above: cas.slice(at + 1) }
  }
}
