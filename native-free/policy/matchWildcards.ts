/** One element of a pattern over text units: a unit itself, or a wildcard. */
export type PatternUnit = { readonly literal: readonly string[] } | 'one' | 'any'

/**
 * Whether the pattern matches the whole of `units`: `any` stands for a run (also an empty one), `one` for one
 * unit, a literal for one unit that it lists. Never backtracks beyond the last run, so the cost is bounded by
 * pattern length times text length, and no regular expression is ever built from a policy file.
 */
export function matchWildcards(pattern: readonly PatternUnit[], units: readonly string[]): boolean {
  let p = 0
  let u = 0
  let runAt = -1
  let runEnd = 0
  while (u < units.length) {
    const wanted = pattern[p]
    if (wanted === 'any') {
      runAt = p++
      runEnd = u
    } else if (wanted !== undefined && (wanted === 'one' || wanted.literal.includes(units[u]!))) {
      p++
      u++
    } else if (runAt >= 0) {
      p = runAt + 1
      u = ++runEnd
    } else {
      return false
    }
  }
  while (pattern[p] === 'any') p++
  return p === pattern.length
}
