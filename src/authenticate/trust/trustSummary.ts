import type { TrustedCrl } from '../../../native-free/proxy/types.ts'
import { CRL_FUTURE_SKEW_SECONDS, crlUsableUntil } from '../../../native-free/revocation/selectCrl.ts'
import type { TrustLoad } from './loadTrustDirectory.ts'

/** Every state that a CRL can be counted under. */
export const CRL_STATES = [
  'valid',
  'expired',
  'not_yet_valid',
  'unsupported',
  'unverified',
  'unreadable',
] as const
export type CrlState = (typeof CRL_STATES)[number]

/** The figures of a trust store. Times are seconds since the epoch. */
export interface TrustSummary {
  readonly trustAnchors: number
  readonly crls: Readonly<Record<CrlState, number>>
  /** When the first of the valid CRLs will expire. */
  readonly earliestNextUpdate: number | undefined
  /** Files that are damaged while something older stands in for them. */
  readonly standIns: number
  readonly errors: number
  readonly warnings: number
}

/** Counts what a load holds at `now`. */
export function trustSummary(load: TrustLoad, now: number): TrustSummary {
  const crls: Record<CrlState, number> = {
    valid: 0,
    expired: 0,
    not_yet_valid: 0,
    unsupported: 0,
    unverified: 0,
    unreadable: load.unreadableCrls,
  }
  let earliestNextUpdate: number | undefined
  for (const { trusted } of load.crls) {
    const state = crlState(trusted, now)
    crls[state]++
    if (state === 'valid')
      earliestNextUpdate = Math.min(earliestNextUpdate ?? Infinity, crlUsableUntil(trusted, 0))
  }
  const errors = load.findings.filter(({ level }) => level === 'error').length
  return {
    trustAnchors: load.snapshot.cas.length,
    crls,
    earliestNextUpdate,
    standIns: load.standIns,
    errors,
    warnings: load.findings.length - errors,
  }
}

function crlState(crl: TrustedCrl, now: number): CrlState {
  if (crl.verifiedBy.size === 0) return 'unverified'
  if (crl.unsupported !== undefined) return 'unsupported'
  if (crl.thisUpdate > now + CRL_FUTURE_SKEW_SECONDS) return 'not_yet_valid'
  return crlUsableUntil(crl, 0) < now ? 'expired' : 'valid'
}
