import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'

export interface IndependentCrl {
  /** Lower-case hex of serial content octets, in order. */
  readonly serials: readonly string[]
  readonly thisUpdate: Date
  readonly nextUpdate: Date | undefined
}

/** A CRL as pkijs reads it; throws a plain Error for anything it does not understand. Nothing is verified. */
export function readCrlIndependently(der: Uint8Array): IndependentCrl {
  const { offset, result } = asn1js.fromBER(new Uint8Array(der))
  if (offset !== der.length) throw new Error(result.error || 'more than one value')
  const crl = new pkijs.CertificateRevocationList({ schema: result })
  return {
    serials: (crl.revokedCertificates ?? []).map(({ userCertificate }) =>
      Buffer.from(userCertificate.valueBlock.valueHexView).toString('hex'),
    ),
    thisUpdate: crl.thisUpdate.value,
    nextUpdate: crl.nextUpdate?.value,
  }
}
