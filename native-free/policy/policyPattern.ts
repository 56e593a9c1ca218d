import { keyOfString } from '../dn/keyOfString.ts'
import { matchWildcards, type PatternUnit } from './matchWildcards.ts'

/** Private-use characters stand for wildcards while a pattern goes through key form, which leaves them alone. */
const ANY = '\ue000'
const ONE = '\ue001'

/** A piece of a pattern as its file's own syntax gives it: literal text, or a wildcard. */
export type PatternPiece = string | { readonly wildcard: 'any' | 'one' }

/**
 * A matcher of subjects from a pattern in one-line text with wildcards: both sides in canonical key form, so
 * case, white space and spellings of labels do not matter. Undefined when the pattern holds private-use
 * characters that would pass for wildcards.
 */
export function policyPattern(
  pieces: readonly PatternPiece[],
): ((subjectKey: string) => boolean) | undefined {
  if (pieces.some(piece => typeof piece === 'string' && (piece.includes(ANY) || piece.includes(ONE)))) {
    return undefined
  }
  const text = pieces.map(piece => (typeof piece === 'string' ? piece : piece.wildcard === 'any' ? ANY : ONE))
  const pattern = unitsOf(keyOfString(text.join(''))).map(patternUnit)
  return subjectKey => matchWildcards(pattern, unitsOf(subjectKey))
}

function patternUnit(unit: string): PatternUnit {
  if (unit === ANY) return 'any'
  if (unit === ONE) return 'one'
  // A slash of a pattern that starts no RDN of its own ("/O=G/*", "/CN=host/*") is whichever slash the subject has.
  return { literal: unit === '\\2f' ? ['\\2f', '/'] : [unit] }
}

/** The characters of a key, an escape such as \2f counting as one. */
const unitsOf = (key: string) => key.match(/\\[0-9a-f]{2}|[\s\S]/gu) ?? []
