import type { AcDigest } from '../../native-free/ac/types.ts'
import type { ChainPolicy } from '../../native-free/proxy/types.ts'

/** A certificate (chain) and its key, by path: secrets are named, never held here. */
export interface CredentialPaths {
  readonly certificate: string
  readonly key: string
}

/** Host without brackets; the wildcard `::` means IPv6 alone, so that it can stand beside 0.0.0.0. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** One VO: its port, credentials and switches. */
export interface VoConfig {
  readonly name: string
  /** Every address of this VO's port; 0 as port picks a free one (tests, demo). */
  readonly listen: readonly ListenAddress[]
  /** HOST:PORT put into the AC and into warning texts. */
  readonly uri: string
  /** TLS credentials: one, or an RSA and an ECDSA one (dual). */
  readonly hostCredentials: readonly CredentialPaths[]
  /** The credential that signs ACs (RSA unless forced). */
  readonly acCredential: CredentialPaths
  /** Further certificates for certseq, after the AC issuer's own. */
  readonly acIntermediates: string | undefined
  readonly allowEcAcKey: boolean
  readonly digest: AcDigest
  readonly maxLifetimeSeconds: number
  readonly fqanForm: 'long' | 'short'
  readonly holderForm: 'subject' | 'issuer'
  readonly matchSubjectOnly: boolean
  /** Force MIME base64 in legacy answers (vomsd's --base64). */
  readonly forceBase64: boolean
  readonly keepAliveSeconds: number
  /** Another server's live database that this VO's members are mirrored from. */
  readonly follow: FollowConfig | undefined
  /** As in [limits], or its own. */
  readonly rates: RateLimits
}

/** What is refused of too much, of each VO for itself; 0: no limit. */
export interface RateLimits {
  readonly holderRequestsPerMinute: number
  readonly addressConnectionsPerMinute: number
  /** Open at once. */
  readonly addressConnections: number
  readonly connectionsPerMinute: number
}

/** A MySQL or MariaDB that a VO is mirrored from. */
export interface FollowConfig {
  readonly source: 'voms-admin' | 'iam'
  readonly host: string
  readonly port: number
  /** A Unix socket instead of host and port. */
  readonly socket: string | undefined
  readonly database: string
  readonly user: string
  readonly passwordFile: string | undefined
  readonly tls: 'off' | 'require' | 'verify-full'
  readonly everySeconds: number
}

export type StoreConfig =
  | { readonly kind: 'embedded'; readonly folder: string }
  | {
      readonly kind: 'postgres'
      readonly host: string
      readonly port: number
      readonly database: string
      readonly user: string
      readonly passwordFile: string | undefined
      /** Another role for migrate and import; `user` when undefined. */
      readonly owner: { readonly user: string; readonly passwordFile: string | undefined } | undefined
      readonly tls: 'verify-full' | 'require' | 'off'
      readonly caFile: string | undefined
      readonly poolSize: number
      readonly connectTimeoutSeconds: number
      readonly queryTimeoutSeconds: number
    }

export interface DirectoryConfig {
  /** Names of the two views that ACs are resolved through. */
  readonly holdingsView: string
  readonly attributesView: string
  /** Only for a site's own views: a query whose single value changes with every change of membership. */
  readonly versionQuery: string | undefined
  readonly cacheMembers: number
  /** Upper bound on a cached member's age while the database answers. */
  readonly cacheSeconds: number
  /** How long cached members are served while the database is away. */
  readonly graceSeconds: number
}

export interface LimitsConfig extends RateLimits {
  readonly handshakeSeconds: number
  readonly requestSeconds: number
  readonly connectionSeconds: number
  readonly maxConnections: number
  readonly maxHandshakes: number
  /** How long a connection may wait before its handshake begins. */
  readonly maxWaitMilliseconds: number
  readonly maxRequestBytes: number
  /** Connections queued by the kernel on each address. */
  readonly backlog: number
}

export interface AuditConfig {
  /** false: nothing is recorded. */
  readonly enabled: boolean
  readonly folder: string
  /** PEM file of the key that signs the heads; its public half is beside it, with .pub appended. */
  readonly headKey: string
  /** While records cannot be written: refuse issuance, or issue without a record and raise the alarm. */
  readonly onFull: 'refuse' | 'alarm'
  readonly maxSegmentBytes: number
  /** 0: for ever. */
  readonly retentionDays: number
}

/** Where metrics, health and status are asked for: an address, or the path of a Unix socket. */
export type ObserveAddress = ListenAddress | { readonly path: string }

export interface ObserveConfig {
  /** None: nobody can ask. */
  readonly listen: readonly ObserveAddress[]
  /** undefined: plain HTTP. */
  readonly credential: CredentialPaths | undefined
  /** Addresses and networks that may ask, beside this machine itself; undefined: all. */
  readonly allow: readonly string[] | undefined
}

export interface Config {
  readonly vos: readonly VoConfig[]
  readonly store: StoreConfig
  readonly directory: DirectoryConfig
  readonly trust: {
    readonly directory: string
    /** For the subset rule: LSC files of the ACs that clients already carry. */
    readonly vomsdir: string
    readonly pollSeconds: number
  }
  readonly authentication: ChainPolicy
  readonly signing: {
    readonly mode: 'pool' | 'inline'
    /** Threads of the pool; undefined: from the core count. */
    readonly threads: number | undefined
    readonly maxQueue: number
  }
  readonly processes: {
    /** Processes that serve; 0: all in one. undefined: from the core count. */
    readonly workers: number | undefined
    /** Path of the Unix socket for `vouchd reload` and `vouchd status`. */
    readonly controlSocket: string
  }
  readonly audit: AuditConfig
  readonly limits: LimitsConfig
  readonly observe: ObserveConfig
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent' }
}
