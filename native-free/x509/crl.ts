import type { AlgorithmIdentifier } from './certificate.ts'
import type { Name } from './name.ts'

/** The part of a CRL that says which certificates it speaks about, and whether we can judge by it. */
export interface CrlScope {
  /** CRLNumber; undefined when absent. */
  readonly number: bigint | undefined
  /** Why it cannot be used at all, for people; undefined when it can. */
  readonly unsupported: string | undefined
  readonly onlyUserCerts: boolean
  readonly onlyCaCerts: boolean
  /** Each GeneralName (DER, header included) of the distribution point; undefined when it names none. */
  readonly distributionPoint: readonly Uint8Array[] | undefined
}

/**
 * A certificate revocation list (RFC 5280 5). Every Uint8Array is a view on `der`, which it retains. Times are
 * seconds since the epoch. Nothing here says that the signature is good.
 */
export interface Crl extends CrlScope {
  readonly der: Uint8Array
  readonly tbs: Uint8Array
  readonly issuer: Name
  readonly thisUpdate: number
  readonly nextUpdate: number | undefined
  /** Outside the signed part; must equal `tbsSignatureAlgorithm` byte for byte (RFC 5280 5.1.1.2). */
  readonly signatureAlgorithm: AlgorithmIdentifier
  readonly tbsSignatureAlgorithm: Uint8Array
  readonly signature: Uint8Array
  readonly entryCount: number
  /** Whether a serial (content octets, compared as unsigned) is listed, whatever the reason and date. */
  isListed(serial: Uint8Array): boolean
}
