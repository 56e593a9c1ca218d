import { REASON_CODES } from '../authenticate/reasonSentences.ts'
import { ERROR_CODES, type ErrorCode } from '../errors.ts'

/** How a request ended, as it is counted. */
export const OUTCOMES = ['issued', 'listed', 'denied', 'invalid', 'shed', 'timeout', 'error'] as const
export type Outcome = (typeof OUTCOMES)[number]

const OUTCOME_OF: Record<ErrorCode, Outcome> = {
  'no-such-user': 'denied',
  suspended: 'denied',
  'aup-not-signed': 'denied',
  unsatisfiable: 'denied',
  'not-understood': 'invalid',
  'nothing-left': 'denied',
  'chain-refused': 'denied',
  'ambiguous-user': 'denied',
  database: 'error',
  audit: 'error',
  overloaded: 'shed',
  'too-many-requests': 'shed',
  'not-found': 'invalid',
  'method-not-allowed': 'invalid',
  'too-large': 'invalid',
  timeout: 'timeout',
  internal: 'error',
}

/** Which outcome an error code is counted under. */
export function outcomeOf(code: ErrorCode): Outcome {
  return OUTCOME_OF[code]
}

/** Every reason that a denial can be counted under: error codes, and the reason codes of refused chains. */
export const DENIAL_REASONS: readonly string[] = [
  ...ERROR_CODES.filter(code => OUTCOME_OF[code] === 'denied' && code !== 'chain-refused'),
  ...REASON_CODES,
]
