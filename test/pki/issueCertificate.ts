import { explicit, integer, sequence, time, tlv } from '../../native-free/der/writer.ts'
import { encodePem } from '../../native-free/x509/pem.ts'
import { type NameInput, nameDer } from './distinguishedName.ts'
import type { TestKey } from './keys.ts'
import { type Moment, seconds } from './moment.ts'
import { type SignatureScheme, signatureAlgorithm, signData, signedObject } from './sign.ts'

/** A certificate with its key. */
export interface Credential {
  readonly der: Uint8Array
  readonly pem: string
  readonly key: TestKey
  /** DER of the subject Name. */
  readonly subject: Uint8Array
  /** Content octets of the serial INTEGER. */
  readonly serial: Uint8Array
}

export interface CertificateOptions {
  readonly subject: NameInput
  readonly key: TestKey
  readonly from: Moment
  readonly until: Moment
  /** undefined: self-issued and self-signed. */
  readonly issuer?: Pick<Credential, 'subject' | 'key'> | undefined
  /** An issuer name other than the issuer's subject. */
  readonly issuerName?: NameInput
  /** Sign with this key instead of the issuer's: a forgery. */
  readonly signer?: TestKey
  /** A number, or the content octets of the INTEGER as they shall stand there. */
  readonly serial?: number | bigint | Uint8Array
  readonly version?: 1 | 2 | 3
  /** DER of each Extension, in order; see extensions.ts. Nothing is added. */
  readonly extensions?: readonly Uint8Array[]
  readonly scheme?: SignatureScheme
  /** AlgorithmIdentifier outside the to-be-signed part, when it shall differ from the one inside. */
  readonly outerAlgorithm?: Uint8Array
}

/** Issues exactly what is asked for, right or wrong. */
export function issueCertificate(options: CertificateOptions): Credential {
  const { key, issuer, scheme = 'sha256', version = 3, extensions = [] } = options
  const signer = options.signer ?? issuer?.key ?? key
  const subject = nameDer(options.subject)
  const serial = serialOctets(options.serial ?? nextSerial())
  const algorithm = signatureAlgorithm(signer, scheme)
  const tbs = sequence(
    ...(version === 1 ? [] : [explicit(0, integer(version - 1))]),
    tlv(0x02, serial),
    algorithm,
    options.issuerName === undefined ? (issuer?.subject ?? subject) : nameDer(options.issuerName),
    sequence(time(seconds(options.from)), time(seconds(options.until))),
    subject,
    key.spki,
    ...(extensions.length === 0 ? [] : [explicit(3, sequence(...extensions))]),
  )
  const der = signedObject(tbs, options.outerAlgorithm ?? algorithm, signData(tbs, signer, scheme))
  return { der, pem: encodePem('CERTIFICATE', der), key, subject, serial }
}

let lastSerial = 0x1000
/** Serials of the kit count up within a process: distinct, and no matter of chance. */
export const nextSerial = () => ++lastSerial

/** Content octets of an INTEGER: a number's own, or the given ones as they are. */
export function serialOctets(serial: number | bigint | Uint8Array): Uint8Array {
  return serial instanceof Uint8Array ? serial : integer(serial).subarray(2)
}
