import { describe, expect, it } from 'vitest'
import { Refusal } from '../../native-free/refusal.ts'
import { XmlReader } from '../../native-free/wire/xml.ts'
import { builtRegExps, longTexts, nestedQuantifiers, regExpLiterals } from './regularExpressions.ts'

const literals = regExpLiterals()

/**
 * Repetitions within repetitions that are unambiguous all the same: what the inner one takes can never begin the
 * next round of the outer one, so that there is one way to match, or none.
 */
const UNAMBIGUOUS: Readonly<Record<string, string>> = {
  '([A-Za-z][A-Za-z0-9]{0,39}|[012](?:\\.(?:0|[1-9][0-9]*))+)=': 'each arc begins with a full stop',
  '^[0-2](\\.(0|[1-9][0-9]*))+$': 'each arc begins with a full stop',
  '^[012](?:\\.(?:0|[1-9][0-9]*))+$': 'each arc begins with a full stop',
  '^(?:\\/[!-.0-<>-~]+)+$': 'each name begins with a slash, and holds none',
  '^(?:\\/[0-9A-Za-z_.-]+)+$': 'each name begins with a slash, and holds none',
  '^(?<group>(?:\\/[0-9A-Za-z_.-]+)+)(?:\\/Role=(?<role>[0-9A-Za-z_.-]+))?(?:\\/Capability=(?<capability>[^/]*))?$':
    'each name begins with a slash, and holds none',
  '^GET (\\/[!-~]*) HTTP\\/1\\.([01])\\r?\\n((?:[A-Za-z0-9-]+:[\\t -~]*\\r?\\n)+)\\r?\\n$':
    'each line begins with a name and a colon, and holds no line feed but its last',
  '^[ \\t]*"[^"]*"(?:[ \\t]+"[^"]*")*[ \\t]*$':
    'each field begins with a blank and a quote, and holds no quote',
  '-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[^-]*(?:-[^-][^-]*)*-----END [A-Z ]{0,20}PRIVATE KEY-----':
    'each piece begins with one hyphen, and holds no other',
  '^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$':
    'each label begins with a full stop, and the whole is looked at only up to 253 characters',
}

/** Used on texts of no more than so many characters, which are longer than what they cost. */
const BOUNDED: Readonly<Record<string, number>> = { '<[^>]*>': 2000 }

/** Put together from constants of their own file. */
const BUILT = ['native-free/wire/xml.ts', 'src/client/readPemCertificates.ts', 'src/observe/plainLine.ts']

describe('regular expressions of the sources', () => {
  it('are found', () => {
    expect(literals.length).toBeGreaterThan(100)
    for (const { source, flags, place } of literals)
      expect(() => new RegExp(source, flags), place).not.toThrow()
  })

  it('have no repetition within a repetition that could match in more than one way', () => {
    const nested = literals.filter(({ source }) => nestedQuantifiers(source)).map(({ source }) => source)
    expect([...new Set(nested)].sort()).toEqual(Object.keys(UNAMBIGUOUS).sort())
  })

  it('are put together at run time only here and there', () => {
    expect(builtRegExps()).toEqual(BUILT)
  })

  it.each(literals)('$place /$source/ comes to an end on long texts', ({ source, flags }) => {
    const expression = new RegExp(source, flags)
    // Quadratic time would be minutes here, exponential time would be for ever.
    for (const text of longTexts(source, BOUNDED[source] ?? 50_000)) {
      expression.lastIndex = 0
      expression.test(text)
    }
  })
})

describe('XML, whose expressions are put together', () => {
  const LONG = 200_000
  it.each([
    ['blanks in a tag', `<a${' '.repeat(LONG)}!`],
    ['blanks at the end of a tag', `<a${' '.repeat(LONG)}></a${' '.repeat(LONG)}`],
    ['a long name', `<${'a'.repeat(LONG)} `],
    ['a long name of an attribute', `<a ${'b'.repeat(LONG)} ${'c'.repeat(LONG)}="d">`],
    ['blanks around an equals sign', `<a b${' '.repeat(LONG)}=${' '.repeat(LONG)}c>`],
    ['a value that does not end', `<a b="${'c'.repeat(LONG)}`],
    ['many quotes', `<a ${'"'.repeat(LONG)}>`],
    ['many ampersands', `<a>${'&'.repeat(LONG)}</a>`],
    ['references that do not end', `<a>${'&#1111'.repeat(LONG / 6)}</a>`],
    ['a declaration that does not end', `<?xml ${' version'.repeat(LONG / 8)}`],
    ['hyphens in a comment', `<!--${'-'.repeat(LONG)}`],
    ['brackets in a section', `<a><![CDATA[${']'.repeat(LONG)}`],
  ])('%s, whole and octet by octet, comes to an end', (_name, text) => {
    const bytes = new TextEncoder().encode(text)
    for (const step of [bytes.length, 1]) {
      const reader = new XmlReader({ maxBytes: 1 << 20, maxDepth: 8, maxElements: 100, maxAttributes: 16 })
      try {
        for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step))
      } catch (refusal) {
        expect(refusal).toBeInstanceOf(Refusal)
      }
      expect(reader.steps).toBeLessThanOrEqual(4 * bytes.length)
    }
  })
})

describe('the search for nested quantifiers', () => {
  it.each(['(a+)+', '(?:a*b?)*', '(x(a|b+))*', '((a{2,}))+', '(?<n>[a-z]+)*$'])('finds %s', source => {
    expect(nestedQuantifiers(source)).toBe(true)
  })
  it.each(['a+b+', '(a{1,3})+', '(?:ab)+', '[(+)]+', '\\(a+\\)+', '(a+)?', '(a+){2}'])(
    'passes %s',
    source => {
      expect(nestedQuantifiers(source)).toBe(false)
    },
  )
})
