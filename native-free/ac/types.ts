/** A VOMS generic attribute. The qualifier is never empty: the VO name, a group, or group/Role=role. */
export interface GenericAttribute {
  readonly name: string
  readonly value: string
  readonly qualifier: string
}

/** Digest of the AC's RSA PKCS#1 v1.5 signature. */
export type AcDigest = 'sha256' | 'sha384' | 'sha512'

/**
 * What does not change from one AC of a VO to the next (RFC 5755 with the VOMS profile): computed once into
 * ready-made DER by acTemplate() and shared by every encodeTbs().
 */
export interface AcTemplateInput {
  /** policyAuthority is "VO://HOST:PORT"; this is VO and HOST:PORT. */
  readonly vo: string
  readonly uri: string
  /** DER of the AC issuer's certificate, and of any further certificate for certseq, AC issuer first. */
  readonly issuerCertificates: readonly Uint8Array[]
  readonly digest: AcDigest
}

/** What is particular to one AC. Names and serials are slices of the client's certificate, never re-encoded. */
export interface AcContent {
  /** DER Name to put into holder.baseCertificateID.issuer: the EEC's subject (usual) or its issuer. */
  readonly holderName: Uint8Array
  /** INTEGER content octets of the EEC's serial. */
  readonly holderSerial: Uint8Array
  /** 16 octets of randomness become a positive serial of at most 17 content octets. */
  readonly serial: Uint8Array
  /** Seconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** In issued order and in the VO's text form (long or short); the first is the primary one. */
  readonly fqans: readonly string[]
  readonly attributes: readonly GenericAttribute[]
  readonly targets: readonly string[]
}

/** A decoded AC. Uint8Arrays are views on `der`. */
export interface AttributeCertificate {
  readonly der: Uint8Array
  readonly acinfo: Uint8Array
  readonly holderName: Uint8Array
  readonly holderSerial: Uint8Array
  readonly issuerName: Uint8Array
  readonly signatureAlgorithm: { readonly oid: string; readonly der: Uint8Array }
  readonly outerSignatureAlgorithm: { readonly oid: string; readonly der: Uint8Array }
  readonly serial: Uint8Array
  readonly notBefore: number
  readonly notAfter: number
  readonly vo: string
  /** HOST:PORT of the policyAuthority. */
  readonly uri: string
  readonly fqans: readonly string[]
  readonly attributes: readonly GenericAttribute[]
  readonly targets: readonly string[]
  /** certseq: DER of each certificate, AC issuer first; empty when the extension is absent. */
  readonly certificates: readonly Uint8Array[]
  readonly authorityKeyIdentifier: Uint8Array | undefined
  readonly noRevAvail: boolean
  /** Content of the issuerUniqueID BIT STRING without its unused-bits octet; undefined in practice. */
  readonly issuerUniqueId: Uint8Array | undefined
  readonly extensions: readonly {
    readonly oid: string
    readonly critical: boolean
    readonly value: Uint8Array
  }[]
  readonly signature: Uint8Array
}
