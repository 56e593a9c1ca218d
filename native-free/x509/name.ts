/** One attribute type and value of a Name. `value` is the content octets, `tag` its ASN.1 tag octet. */
export interface Ava {
  readonly oid: string
  readonly tag: number
  readonly value: Uint8Array
}

/** A Name (RFC 5280 4.1.2.4): its DER header included, its RDNs in encoded order. */
export interface Name {
  readonly der: Uint8Array
  readonly rdns: readonly (readonly Ava[])[]
  /** OpenSSL's canonical encoding of the Name, as a latin1 string: two Names are equal iff these are. */
  readonly canonical: string
}
