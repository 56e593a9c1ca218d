import { decodeAc } from '../../../native-free/ac/decodeAc.ts'
import { shortForm } from '../../../native-free/fqan/shortForm.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import type { IssueRequest, Warning } from '../../../native-free/wire/types.ts'
import { type AcAnswer, AcRequestError, ServerRefusal } from '../../client/requestAc.ts'
import { errorEntry, VomsError } from '../../errors.ts'
import { type ResolveOptions, resolve } from '../../resolve/resolve.ts'
import type { Lookup } from '../../resolve/types.ts'

/** Why a request is refused, as far as servers agree on reasons at all. */
export type RefusalReason = 'unknown' | 'suspended' | 'unsatisfiable' | 'aup' | 'certificate' | 'other'

/** What a request of somebody comes to: all that a user or a service can tell from the answer. */
export type Outcome =
  | {
      readonly kind: 'granted'
      /** Short form, in issued order. */
      readonly fqans: readonly string[]
      readonly form: 'long' | 'short'
      /** `qualifier::name=value`, sorted. */
      readonly attributes: readonly string[]
      readonly lifetimeSeconds: number
      /** Numbers of warnings, sorted. */
      readonly warnings: readonly number[]
    }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly message: string }
  /** Nobody answered, or nothing that could be understood. */
  | { readonly kind: 'failed'; readonly message: string }

export interface OwnOptions extends ResolveOptions {
  /** Seconds since the epoch. */
  readonly now: number
  readonly issuerSecondsLeft: number
}

/** What vouchd would answer: resolution as the daemon does it. */
export function ownOutcome(lookup: Lookup, request: IssueRequest, options: OwnOptions): Outcome {
  const warnings: Warning[] = []
  const { now, issuerSecondsLeft } = options
  try {
    const granted = resolve(lookup, request, new Set(), options, now, issuerSecondsLeft, warnings)
    return {
      kind: 'granted',
      fqans: granted.fqans.map(shortForm),
      form: options.fqanForm,
      attributes: attributeTexts(granted.attributes),
      lifetimeSeconds: granted.lifetimeSeconds,
      warnings: sorted(warnings.map(({ number }) => number)),
    }
  } catch (cause) {
    if (!(cause instanceof VomsError)) throw cause
    const message = errorEntry(cause.code).text(options.vo, cause.parameters)
    return { kind: 'refused', reason: reasonOf(message), message: message.trim() }
  }
}

/** What a server answered, or why it gave no AC. */
export function serverOutcome(answered: AcAnswer | AcRequestError): Outcome {
  if (answered instanceof AcRequestError) return refusedOrFailed(answered)
  try {
    const ac = decodeAc(answered.ac)
    return {
      kind: 'granted',
      fqans: ac.fqans.map(shortForm),
      form: ac.fqans.some(fqan => fqan.endsWith('/Capability=NULL')) ? 'long' : 'short',
      attributes: attributeTexts(ac.attributes),
      lifetimeSeconds: ac.notAfter - ac.notBefore,
      warnings: sorted(answered.warnings.map(({ number }) => number)),
    }
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    return { kind: 'failed', message: `the AC cannot be read: ${cause.message} (${cause.code})` }
  }
}

function refusedOrFailed({ attempts, message }: AcRequestError): Outcome {
  const refusal = attempts.map(({ error }) => error).find(error => error instanceof ServerRefusal)
  if (refusal === undefined) return { kind: 'failed', message }
  return { kind: 'refused', reason: reasonOf(refusal.message), message: refusal.message }
}

/** By the words that clients tell refusals by, and those of the servers in use. */
function reasonOf(message: string): RefusalReason {
  if (message.includes('User unknown to this VO')) return 'unknown'
  if (message.includes('needs to sign AUP')) return 'aup'
  if (/suspended|not active/.test(message)) return 'suspended'
  if (/Unable to satisfy|not authorized to request/.test(message)) return 'unsatisfiable'
  return message.includes('certificate was not accepted') ? 'certificate' : 'other'
}

function attributeTexts(attributes: readonly { name: string; value: string; qualifier: string }[]): string[] {
  return attributes.map(({ name, value, qualifier }) => `${qualifier}::${name}=${value}`).sort()
}

function sorted(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b)
}
