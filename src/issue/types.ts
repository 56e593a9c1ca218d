import type { AcContent, AcDigest, GenericAttribute } from '../../native-free/ac/types.ts'

/** What a VO's ACs look like, as configured; createProfile() checks it and refuses bad combinations. */
export interface ProfileConfig {
  readonly vo: string
  /** HOST:PORT that goes into policyAuthority; HOST is the LSC file's name. */
  readonly uri: string
  readonly holderForm: 'subject' | 'issuer'
  readonly digest: AcDigest
  readonly maxLifetimeSeconds: number
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
 * To-be-signed bytes that passed the lint. Only prepare() makes one; it is spent by one signature, and it
 * carries the exact bytes that were linted.
 */
export interface Prepared {
  readonly tbs: Uint8Array
  readonly content: AcContent
}

/** Signs the bytes of a Prepared with the AC key of one VO. Throws VomsError 'overloaded' when its queue is full. */
export interface Signer {
  sign(prepared: Prepared): Promise<Uint8Array>
  close(): Promise<void>
}
