/** Bounds of the authentication caches. Tests set their own. */
export interface CacheLimits {
  /** Verdicts and signature links of accepted EECs: as many members as may call within a day. */
  readonly members: number
  /** Parsed certificates of accepted EECs: those who call most. */
  readonly parsed: number
  /** Proxies and everything unproven: anybody can make these without end, so they evict only each other. */
  readonly passers: number
  /** Octets that each of the two may hold. */
  readonly octets: number
  /** Refusals of EECs whose CA did sign them. */
  readonly refusals: number
}

/**
 * 20 000 members are the largest VO known. What spares the work is small: a verdict and a link. A parsed certificate
 * comes to some 7 KB in each process and spares a tenth of it, so that only the 4 000 who call most have theirs kept:
 * where a million members call by Zipf's law, those are 62 of 100 requests, and 20 000 would be 73. The figures to watch
 * are vouchd_cache_entries at the bound together with misses in vouchd_cache_requests_total.
 */
export const CACHE_LIMITS: CacheLimits = {
  members: 20_000,
  parsed: 4_000,
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
