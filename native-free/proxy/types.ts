import type { Certificate } from '../x509/certificate.ts'

/** The reason codes of a refused chain. Stable: they are logged, counted and documented in docs/errors.md. */
export type ReasonCode =
  // TLS and list
  | 'NO_CLIENT_CERT'
  | 'SESSION_RESUMED'
  | 'CHAIN_TOO_LONG'
  | 'BAD_ENCODING'
  | 'TRUST_NOT_LOADED'
  // proxy
  | 'PROXY_BAD_PCI'
  | 'PROXY_NAME'
  | 'PROXY_ISSUER_NOT_FOUND'
  | 'PROXY_ISSUER_IS_CA'
  | 'PROXY_TYPE_UNSUPPORTED'
  | 'PROXY_MIXED_TYPES'
  | 'PROXY_IS_CA'
  | 'PROXY_HAS_ALTNAME'
  | 'PROXY_KEY_USAGE'
  | 'PROXY_PATHLEN'
  | 'PROXY_DEPTH'
  | 'PROXY_LANGUAGE_UNKNOWN'
  | 'PROXY_LIMITED_WIDENED'
  | 'PROXY_LIMITED_REFUSED'
  | 'PROXY_INDEPENDENT_REFUSED'
  | 'PROXY_EXPIRED'
  | 'PROXY_NOT_YET_VALID'
  // EEC
  | 'EEC_IS_CA'
  | 'EEC_VERSION'
  | 'EEC_EMPTY_SUBJECT'
  | 'EEC_KEY_USAGE'
  | 'EEC_EKU'
  | 'EEC_EXPIRED'
  | 'EEC_NOT_YET_VALID'
  | 'DN_UNSAFE'
  // any certificate
  | 'SIGNATURE_INVALID'
  | 'CRITICAL_EXTENSION'
  | 'WEAK_SIGNATURE'
  | 'WEAK_KEY'
  | 'UNSUPPORTED_ALGORITHM'
  // CA
  | 'UNKNOWN_CA'
  | 'INTERMEDIATE_NOT_INSTALLED'
  | 'CA_NOT_CA'
  | 'CA_KEY_USAGE'
  | 'CA_PATHLEN'
  | 'CA_NAME_CONSTRAINTS'
  | 'CA_EXPIRED'
  | 'CA_NOT_YET_VALID'
  // namespaces
  | 'NAMESPACE_MISSING'
  | 'NAMESPACE_DENIED'
  | 'NAMESPACE_FILE_BAD'
  // revocation
  | 'CRL_MISSING'
  | 'CRL_UNREADABLE'
  | 'CRL_SIGNATURE'
  | 'CRL_UNSUPPORTED'
  | 'CRL_NOT_YET_VALID'
  | 'CRL_EXPIRED'
  | 'REVOKED'

export type ProxyKind = 'rfc' | 'draft' | 'legacy'

/** The switches of chain validation; each is a key of the configuration's [authentication] table. */
export interface ChainPolicy {
  readonly proxyKinds: readonly ProxyKind[]
  readonly allowLimited: boolean
  readonly allowIndependent: boolean
  readonly maxProxyDepth: number
  readonly maxSentCerts: number
  readonly namespaces: 'require' | 'ifPresent' | 'ignore'
  readonly allowSentIntermediates: boolean
  readonly partialChain: boolean
  readonly crl: 'ifPresent' | 'require' | 'ignore'
  readonly crlGraceSeconds: number
  readonly minRsaBits: number
  readonly minProxyRsaBits: number
  readonly maxRsaBits: number
  readonly requireClientAuthEku: boolean
  readonly clockSkewSeconds: number
  /** false: compute and report the verdict of namespaces and CRLs, but accept (an aid for migration). */
  readonly enforce: boolean
}

/** A refusal of a chain: the reason code, and a detail for the log (never for the client). */
export interface ChainRefusal {
  readonly accepted: false
  readonly reason: ReasonCode
  readonly detail: string
  /** The certificate that is at fault, where there is one. */
  readonly certificate: Certificate | undefined
}

/** Who the peer is: the EEC of the validated path and nothing else. */
export interface ChainAcceptance {
  readonly accepted: true
  readonly eec: Certificate
  /** The proxies of the path, from the one the EEC signed down to the leaf; empty for a bare EEC. */
  readonly proxies: readonly Certificate[]
  /** The CAs of the path, from the EEC's issuer up to the anchor. */
  readonly cas: readonly Certificate[]
  readonly limited: boolean
  /** Seconds since the epoch: the earliest notAfter of the whole path. */
  readonly validUntil: number
  /** With enforce=false: what namespaces or CRLs would have refused. */
  readonly wouldRefuse: ChainRefusal | undefined
}

export type ChainVerdict = ChainAcceptance | ChainRefusal

/** A CRL of the snapshot, its signature already judged against every same-named CA of the snapshot. */
export interface TrustedCrl {
  readonly thisUpdate: number
  readonly nextUpdate: number | undefined
  /** CRLNumber content octets as an unsigned big integer; undefined when absent. */
  readonly number: bigint | undefined
  readonly signatureAlgorithmOid: string
  /** Hex SHA-256 of the SPKI of each CA whose key verifies this CRL and may sign CRLs. */
  readonly verifiedBy: ReadonlySet<string>
  /** Why it cannot be used at all (critical extensions, delta, indirect ...), or undefined. */
  readonly unsupported: string | undefined
  /** issuingDistributionPoint facts that bear on one certificate. */
  readonly onlyUserCerts: boolean
  readonly onlyCaCerts: boolean
  /** Names of the IDP's distribution point (DER GeneralNames content), undefined when it names none. */
  readonly distributionPoint: readonly Uint8Array[] | undefined
  /** Whether the serial (content octets; leading zeros ignored) is listed, for any reason. */
  isListed(serial: Uint8Array): boolean
}

/** A trust anchor or intermediate CA of the trust directory. */
export interface TrustedCa {
  readonly certificate: Certificate
  /** Hex SHA-256 of the certificate DER, and of its SPKI. */
  readonly fingerprint: string
  readonly spkiFingerprint: string
  /** Parsed policy files under this CA's hash; 'bad' when present but not readable as one. */
  readonly signingPolicy: PolicyFile | 'bad' | undefined
  readonly namespaces: PolicyFile | 'bad' | undefined
}

/** One rule of a .signing_policy or .namespaces file, in canonical key form (see dn/). */
export interface PolicyRule {
  /** Canonical key of the issuer DN, or 'SELF' for the CA whose hash names the file. */
  readonly issuer: string | 'SELF'
  readonly permit: boolean
  /** Whole-string match against the canonical key of a subject. */
  matches(subjectKey: string): boolean
  /** The pattern as written, for people. */
  readonly pattern: string
}
export interface PolicyFile {
  readonly rules: readonly PolicyRule[]
  /** What a reader of the log should know of the file: patterns that look like more than they do. */
  readonly warnings: readonly string[]
}

/** Immutable image of a trust directory. Swapped whole; `generation` grows with each swap. */
export interface TrustSnapshot {
  readonly generation: number
  readonly cas: readonly TrustedCa[]
  casBySubject(canonicalName: string): readonly TrustedCa[]
  crlsByIssuer(canonicalName: string): readonly TrustedCrl[]
  /** A file at this CA's hash that cannot be read as a CRL. */
  hasUnreadableCrl(canonicalName: string): boolean
}
