import { assemble } from '../../native-free/ac/assemble.ts'
import type { Clock } from '../clock.ts'
import { VomsError } from '../errors.ts'
import { holdsLintedBytes, prepare } from './prepare.ts'
import type { Profile } from './profile.ts'
import type { Grant, Prepared, SerialSource, Signer } from './types.ts'

export interface IssueDeps {
  readonly clock: Clock
  readonly serials: SerialSource
  readonly signer: Signer
  /** Called with what will be signed; the key is used only after it has resolved. The place of the audit's intent. */
  beforeSign(prepared: Prepared): Promise<void> | void
}

export interface IssuedAc {
  /** DER of the AttributeCertificate. */
  readonly ac: Uint8Array
  readonly serial: Uint8Array
  /** Seconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
}

/**
 * One AC for one grant: prepare and lint, record the intent, sign, assemble, compare with what was linted. Throws
 * VomsError: 'overloaded' when the signer's queue is full, 'internal' for what no request should lead to.
 */
export async function issue(grant: Grant, profile: Profile, deps: IssueDeps): Promise<IssuedAc> {
  const prepared = prepare(grant, profile, deps.clock, deps.serials)
  await deps.beforeSign(prepared)
  const signature = await deps.signer.sign(prepared)
  const ac = assemble(prepared.tbs, profile.algorithm, signature)
  if (!holdsLintedBytes(ac, prepared)) {
    throw new VomsError('internal', { vo: profile.vo }, new Error('the AC does not hold the linted bytes'))
  }
  const { serial, notBefore, notAfter } = prepared.content
  return { ac, serial, notBefore, notAfter }
}
