import { VomsError } from '../errors.ts'

/** All in seconds; times since the epoch. */
export interface ValidityInput {
  readonly now: number
  /** What was granted; undefined, zero, negative or not a number: the maximum. */
  readonly requestedSeconds: number | undefined
  readonly maxLifetimeSeconds: number
  readonly issuerNotBefore: number
  readonly issuerNotAfter: number
}

/**
 * When an AC begins and ends: now, without backdating, for what was asked, at most the maximum, and never past
 * the AC issuer's own certificate. Whole seconds; notBefore is before notAfter, as clients demand. Throws
 * VomsError 'internal' when the AC issuer's certificate is not valid now.
 */
export function decideValidity(input: ValidityInput): { notBefore: number; notAfter: number } {
  const { now, requestedSeconds, maxLifetimeSeconds, issuerNotBefore, issuerNotAfter } = input
  const notBefore = Math.floor(now)
  if (notBefore < issuerNotBefore) throw notValid('is not valid yet')
  if (notBefore >= issuerNotAfter) throw notValid('has expired')
  const lifetime = Math.min(asked(requestedSeconds) ?? maxLifetimeSeconds, maxLifetimeSeconds)
  return { notBefore, notAfter: Math.min(notBefore + lifetime, issuerNotAfter) }
}

/** The request in whole seconds, or undefined when it asks for nothing that makes sense. */
function asked(seconds: number | undefined): number | undefined {
  const whole = Math.floor(seconds ?? 0)
  return whole >= 1 ? whole : undefined
}

function notValid(state: string): VomsError {
  return new VomsError('internal', {}, new Error(`the AC issuer's certificate ${state}`))
}
