import { enumerated, explicit, integer, sequence, time, tlv } from '../../native-free/der/writer.ts'
import { encodePem } from '../../native-free/x509/pem.ts'
import { type NameInput, nameDer } from './distinguishedName.ts'
import { authorityKeyIdentifier, extension } from './extensions.ts'
import { type Credential, serialOctets } from './issueCertificate.ts'
import type { TestKey } from './keys.ts'
import { type Moment, seconds } from './moment.ts'
import { type SignatureScheme, signatureAlgorithm, signData, signedObject } from './sign.ts'

export interface RevokedEntry {
  readonly serial: number | bigint | Uint8Array
  readonly at?: Moment
  readonly reason?: number
  /** DER Extensions of this entry, beside the reason. */
  readonly extensions?: readonly Uint8Array[]
}

export interface CrlOptions {
  readonly thisUpdate: Moment
  readonly nextUpdate?: Moment
  readonly number?: number | bigint
  /** Credentials, or entries with serials of their own. */
  readonly revoked?: readonly (Credential | RevokedEntry)[]
  /** DER Extensions beside CRLNumber and authorityKeyIdentifier. */
  readonly extensions?: readonly Uint8Array[]
  readonly signer?: TestKey
  readonly issuerName?: NameInput
  readonly scheme?: SignatureScheme
  readonly outerAlgorithm?: Uint8Array
}

export interface Crl {
  readonly der: Uint8Array
  readonly pem: string
}

/** A version 2 CRL of `ca` (RFC 5280 5). */
export function createCrl(ca: Pick<Credential, 'subject' | 'key'>, options: CrlOptions): Crl {
  const { scheme = 'sha256', revoked = [], signer = ca.key } = options
  const algorithm = signatureAlgorithm(signer, scheme)
  const number = options.number === undefined ? [] : [extension('2.5.29.20', false, integer(options.number))]
  const extensions = [authorityKeyIdentifier(signer), ...number, ...(options.extensions ?? [])]
  const tbs = sequence(
    integer(1),
    algorithm,
    options.issuerName === undefined ? ca.subject : nameDer(options.issuerName),
    time(seconds(options.thisUpdate)),
    ...(options.nextUpdate === undefined ? [] : [time(seconds(options.nextUpdate))]),
    ...(revoked.length === 0
      ? []
      : [tlv(0x30, Buffer.concat(revoked.map(entry => revokedEntry(entry, options.thisUpdate))))]),
    explicit(0, sequence(...extensions)),
  )
  const der = signedObject(tbs, options.outerAlgorithm ?? algorithm, signData(tbs, signer, scheme))
  return { der, pem: encodePem('X509 CRL', der) }
}

function revokedEntry(entry: Credential | RevokedEntry, listedAt: Moment): Uint8Array {
  const {
    serial,
    at,
    reason,
    extensions = [],
  }: RevokedEntry = 'der' in entry ? { serial: entry.serial } : entry
  const all = [
    ...(reason === undefined ? [] : [extension('2.5.29.21', false, enumerated(reason))]),
    ...extensions,
  ]
  return sequence(
    tlv(0x02, serialOctets(serial)),
    time(seconds(at ?? listedAt)),
    ...(all.length === 0 ? [] : [sequence(...all)]),
  )
}

/** issuingDistributionPoint with the given content, critical as it must be (RFC 5280 5.2.5). */
export const issuingDistributionPoint = (...content: readonly Uint8Array[]) =>
  extension('2.5.29.28', true, sequence(...content))

/** The extension that marks a delta CRL. */
export const deltaCrlIndicator = (base: number) => extension('2.5.29.27', true, integer(base))
