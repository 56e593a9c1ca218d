import { onelineF0 } from '../../../native-free/dn/oneline.ts'
import type { TrustedCa, TrustedCrl } from '../../../native-free/proxy/types.ts'
import { isNewer } from '../../../native-free/revocation/selectCrl.ts'
import type { LoadedCrl, TrustLoad } from './loadTrustDirectory.ts'
import { CRL_EXPIRY_WARNING_SECONDS } from './stateFindings.ts'

export interface CaChange {
  /** One-line DN, and hex SHA-256 of the certificate. */
  readonly subject: string
  readonly fingerprint: string
}

export interface CrlChange {
  readonly file: string
  readonly number: bigint | undefined
  readonly thisUpdate: number
  readonly nextUpdate: number | undefined
}

/** What a reload changed, for the log. Times are seconds since the epoch. */
export interface TrustDiff {
  readonly casAdded: readonly CaChange[]
  readonly casRemoved: readonly CaChange[]
  /** CRLs that are new under their file name, or newer than what it held. */
  readonly crlsAdvanced: readonly CrlChange[]
  readonly crlsRemoved: readonly CrlChange[]
  /** CRLs that end within a day of `now`, changed or not. */
  readonly crlsExpiring: readonly CrlChange[]
}

/** Compares two loads of one directory. */
export function trustDiff(before: TrustLoad, after: TrustLoad, now: number): TrustDiff {
  const [oldCas, newCas] = [before, after].map(({ snapshot }) => new Set(fingerprints(snapshot.cas)))
  const [oldCrls, newCrls] = [before, after].map(
    ({ crls }) => new Map(crls.map(crl => [crl.file, crl.trusted])),
  )
  const expiring = ({ trusted: { nextUpdate } }: LoadedCrl) =>
    nextUpdate !== undefined && nextUpdate >= now && nextUpdate < now + CRL_EXPIRY_WARNING_SECONDS
  return {
    casAdded: after.snapshot.cas.filter(ca => !oldCas!.has(ca.fingerprint)).map(caChange),
    casRemoved: before.snapshot.cas.filter(ca => !newCas!.has(ca.fingerprint)).map(caChange),
    crlsAdvanced: after.crls
      .filter(({ file, trusted }) => isAdvance(oldCrls!.get(file), trusted))
      .map(crlChange),
    crlsRemoved: before.crls.filter(({ file }) => !newCrls!.has(file)).map(crlChange),
    crlsExpiring: after.crls.filter(expiring).map(crlChange),
  }
}

function fingerprints(cas: readonly TrustedCa[]): string[] {
  return cas.map(({ fingerprint }) => fingerprint)
}

function isAdvance(before: TrustedCrl | undefined, after: TrustedCrl): boolean {
  return before === undefined || isNewer(after, before)
}

function caChange({ certificate, fingerprint }: TrustedCa): CaChange {
  return { subject: onelineF0(certificate.subject), fingerprint }
}

function crlChange({ file, trusted: { number, thisUpdate, nextUpdate } }: LoadedCrl): CrlChange {
  return { file, number, thisUpdate, nextUpdate }
}
