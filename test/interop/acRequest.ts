import type { UserName } from './world.ts'

/** As a target: the host that the client runs on, by the name that the client gives it. */
export const THIS_HOST = 'this host'

/** What a user wants, apart from any client: each driver turns it into its client's own options. */
export interface AcRequest {
  readonly user: UserName
  /** One for each `-voms vo:...`; '' is the VO alone. */
  readonly fqans: readonly string[]
  readonly list?: boolean
  readonly order?: readonly string[]
  readonly targets?: readonly string[]
  readonly lifetimeSeconds?: number
  readonly proxyType?: 'rfc' | 'old' | 'limited'
  /** Ask with a proxy instead of the EEC (Place.proxy): one without an AC, or one with a plain request's AC. */
  readonly from?: 'proxy' | 'proxyWithAc'
  readonly pkcs12?: boolean
  /** Off where the client would refuse the AC for its own host's sake (targets for other hosts). */
  readonly verify?: boolean
}

/** What came of it, as far as the client shows it. */
export interface AcAnswer {
  readonly code: number
  /** Standard output and error, without progress marks. */
  readonly output: string
  /** DER of the ACs that the client was given, in order. */
  readonly acs: readonly Uint8Array[]
  /** The proxy file, when the client wrote one. */
  readonly proxyFile: string | undefined
  /** The lines of a list, when one was asked for. */
  readonly listed: readonly string[] | undefined
}
