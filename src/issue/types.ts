import type { AcContent, AcDigest, GenericAttribute } from '../../native-free/ac/types.ts'

/** What a VO's ACs look like, as configured; createProfile() checks it and refuses bad combinations. */
export interface ProfileConfig {
  readonly vo: string
  /** HOST:PORT that goes into policyAuthority; HOST is the LSC file's name. */
  readonly uri: string
  readonly holderForm: 'subject' | 'issuer'
  readonly digest: AcDigest
  readonly maxLifetimeSeconds: number
  /** Take an EC key for ACs, which Java clients and ARC reject. */
  readonly allowEcAcKey: boolean
  /** DER; AC issuer first. */
  readonly issuerCertificates: readonly Uint8Array[]
}

/** What resolution grants: FQANs in issued order and text form, and what goes with them. */
export interface Grant {
  readonly holder: {
    /** DER Names and serial content octets, slices of the EEC. */
    readonly subject: Uint8Array
    readonly issuer: Uint8Array
    readonly serial: Uint8Array
  }
  readonly fqans: readonly string[]
  readonly attributes: readonly GenericAttribute[]
  readonly targets: readonly string[]
  /** Already clamped to the VO's maximum; issue() caps it further by the AC issuer's own notAfter. */
  readonly lifetimeSeconds: number
}

export interface SerialSource {
  /** 16 random octets with UUID v4 bits set. */
  next(): Uint8Array
}

/**
 * To-be-signed bytes that passed the lint. Only prepare() makes one; spend() takes it once, for one signature by
 * the key it was made for, and it carries the exact bytes that were linted.
 */
export interface Prepared {
  readonly tbs: Uint8Array
  readonly content: AcContent
}

/** Of a request, what is recorded beside the AC it led to. DNs are in slash form. */
export interface RecordedRequest {
  readonly id: string
  readonly vo: string
  readonly protocol: 'rest' | 'legacy'
  readonly address: string
  readonly holder?: string
  readonly ca?: string
}

/** What came of an intent: the AC, or the failure for which there is none. Called once. */
export type RecordResult = (result: { readonly ac: Uint8Array } | { readonly failure: unknown }) => void

/** An AC key by what identifies it: the file is read where the signature is made, and nowhere else. */
export interface SigningKey {
  /** PEM file with the private key. */
  readonly path: string
  /** Hex SHA-256 of the AC issuer's SPKI, which the key must match. */
  readonly keyId: string
  readonly digest: AcDigest
}

/** Signs the bytes of a Prepared with the AC key of one VO. Throws VomsError 'overloaded' when its queue is full. */
export interface Signer {
  sign(prepared: Prepared): Promise<Uint8Array>
  /** Waits for what is under way; later calls of sign() fail. */
  close(): Promise<void>
}
