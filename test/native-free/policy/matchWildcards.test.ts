import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchWildcards, type PatternUnit } from '../../../native-free/policy/matchWildcards.ts'

const unit = fc.constantFrom<PatternUnit>('any', 'one', { literal: ['a'] }, { literal: ['b'] })

/** The same by definition, exponential. */
function reference(pattern: readonly PatternUnit[], text: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return text.length === 0
  if (first === 'any') return text.some((_, at) => reference(rest, text.slice(at))) || reference(rest, [])
  if (text.length === 0) return false
  return (first === 'one' || first.literal.includes(text[0]!)) && reference(rest, text.slice(1))
}

describe('wildcards', () => {
  it('match as their definition says', () => {
    fc.assert(
      fc.property(
        fc.array(unit, { maxLength: 7 }),
        fc.array(fc.constantFrom('a', 'b'), { maxLength: 8 }),
        (pattern, text) => matchWildcards(pattern, text) === reference(pattern, text),
      ),
      { numRuns: 2000 },
    )
  })

  it('stay cheap on patterns that make backtracking matchers explode', () => {
    const pattern = Array.from({ length: 400 }, (_, at): PatternUnit => (at % 2 ? { literal: ['a'] } : 'any'))
    const text = [...Array<string>(4000).fill('a'), 'b']
    let reads = 0
    const counted = new Proxy(text, {
      get: (target, name) => {
        reads++
        return Reflect.get(target, name)
      },
    })
    expect(matchWildcards([...pattern, { literal: ['a'] }], counted)).toBe(false)
    expect(reads).toBeLessThan(text.length * pattern.length)
  })
})
