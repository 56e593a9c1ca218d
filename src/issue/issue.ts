import { assemble } from '../../native-free/ac/assemble.ts'
import type { Clock } from '../clock.ts'
import { VomsError } from '../errors.ts'
import { holdsLintedBytes, prepare } from './prepare.ts'
import type { Profile } from './profile.ts'
import type { Grant, Prepared, RecordedRequest, RecordResult, SerialSource, Signer } from './types.ts'

export interface IssueDeps {
  readonly clock: Clock
  readonly serials: SerialSource
  readonly signer: Signer
  /**
   * Records what is about to be signed, and for whom: the key is used only after it has resolved. What it gives is
   * told what came of it.
   */
  beforeSign(
    prepared: Prepared,
    request: RecordedRequest,
  ): Promise<RecordResult | undefined> | RecordResult | undefined
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
 * VomsError: 'audit' when the intent cannot be recorded, 'overloaded' when the signer's queue is full, 'internal' for
 * what no request should lead to. `onStage` hears when one has ended; what is left until the end is 'sign' again.
 */
export async function issue(
  grant: Grant,
  profile: Profile,
  request: RecordedRequest,
  deps: IssueDeps,
  onStage: (ended: 'sign' | 'audit') => void = () => {},
): Promise<IssuedAc> {
  const prepared = prepare(grant, profile, deps.clock, deps.serials)
  onStage('sign')
  const recordResult = await deps.beforeSign(prepared, request)
  onStage('audit')
  let ac: Uint8Array
  try {
    ac = await sign(prepared, profile, deps.signer)
  } catch (failure) {
    recordResult?.({ failure })
    throw failure
  }
  recordResult?.({ ac })
  const { serial, notBefore, notAfter } = prepared.content
  return { ac, serial, notBefore, notAfter }
}

async function sign(prepared: Prepared, { vo, algorithm }: Profile, signer: Signer): Promise<Uint8Array> {
  const signature = await signer.sign(prepared)
  const ac = assemble(prepared.tbs, algorithm, signature)
  if (!holdsLintedBytes(ac, prepared)) {
    throw new VomsError('internal', { vo }, new Error('the AC does not hold the linted bytes'))
  }
  return ac
}
