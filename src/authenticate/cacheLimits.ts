/** Bounds of the authentication caches. Tests set their own. */
export interface CacheLimits {
  /** Certificates and signature links of accepted EECs: as many members as may call within a day. */
  readonly members: number
  /** Proxies and everything unproven: anybody can make these without end, so they evict only each other. */
  readonly passers: number
  /** Octets that each of the two may hold. */
  readonly octets: number
  /** Refusals of EECs whose CA did sign them. */
  readonly refusals: number
}

/**
 * 20 000 members are the largest VO known, and an entry comes to some 8 KB. The figures to watch are
 * vouchd_cache_entries at the bound together with misses in vouchd_cache_requests_total.
 */
export const CACHE_LIMITS: CacheLimits = {
  members: 20_000,
  passers: 4_000,
  octets: 128 * 1024 * 1024,
  refusals: 1_000,
}

/** How often one cache was asked in vain and not in vain, and what it holds. */
export interface CacheFigures {
  readonly hits: number
  readonly misses: number
  readonly entries: number
}
