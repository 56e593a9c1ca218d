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

/** Whether two Names are the same to OpenSSL, and so to every grid verifier. */
export function nameEquals(a: Name, b: Name): boolean {
  return a.canonical === b.canonical
}

/** Whether `name` begins with all RDNs of `prefix`; every Name does with the empty one, and with itself. */
export function isRdnPrefix(prefix: Name, name: Name): boolean {
  // RDNs delimit themselves, so a prefix of the encoding that ends after an RDN is a prefix of the Name.
  return name.rdns.length >= prefix.rdns.length && name.canonical.startsWith(prefix.canonical)
}

/**
 * The RDN by which `subject` is longer than `issuer` when it is issuer plus exactly one RDN (the rule of RFC 3820
 * 3.4 for proxies), else undefined.
 */
export function rdnBeyond(issuer: Name, subject: Name): readonly Ava[] | undefined {
  const oneLonger = subject.rdns.length === issuer.rdns.length + 1
  return oneLonger && isRdnPrefix(issuer, subject) ? subject.rdns[issuer.rdns.length] : undefined
}
