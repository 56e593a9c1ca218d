import { Certificate } from 'pkijs'

/** What an AC says of a certificate, as lower-case hex. */
export interface IndependentNames {
  readonly der: string
  /** DER of the Name. */
  readonly subject: string
  /** Content octets. */
  readonly serial: string
  readonly keyIdentifier: string | undefined
}

const SUBJECT_KEY_IDENTIFIER = '2.5.29.14'

/** The names of a certificate by pkijs, to lay beside those in an AC. */
export function readNames(der: Uint8Array): IndependentNames {
  const certificate = Certificate.fromBER(new Uint8Array(der))
  const extension = certificate.extensions?.find(({ extnID }) => extnID === SUBJECT_KEY_IDENTIFIER)
  return {
    der: hex(der),
    subject: hex(new Uint8Array(certificate.subject.toSchema().toBER())),
    serial: hex(certificate.serialNumber.valueBlock.valueHexView),
    // An OCTET STRING within the extension's OCTET STRING.
    keyIdentifier: extension && hex(extension.extnValue.valueBlock.valueHexView.subarray(2)),
  }
}

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex')
