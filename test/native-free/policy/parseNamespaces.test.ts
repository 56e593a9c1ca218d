import { describe, expect, it } from 'vitest'
import { keyOfString } from '../../../native-free/dn/keyOfString.ts'
import { parseNamespaces } from '../../../native-free/policy/parseNamespaces.ts'

const parse = (text: string) => parseNamespaces(new TextEncoder().encode(text))
const matches = (pattern: string, subject: string) =>
  parse(`TO Issuer SELF PERMIT Subject ${pattern}`).rules[0]!.matches(keyOfString(subject))

describe('statements of a namespaces file', () => {
  it('reads version, comments, continuation, either issuer and either verb, in any case', () => {
    const text = `#NAMESPACES-VERSION: 1.0
# a comment
to ISSUER "/C=IT/CN=A" \\
  permit subject "/C=IT/CN=#1 .*"   # another

TO Issuer SELF DENY Subject "/C=IT/CN=bad"\r
`
    const { rules, warnings } = parse(text)
    expect(rules.map(({ issuer, permit, pattern }) => ({ issuer, permit, pattern }))).toEqual([
      { issuer: keyOfString('/C=IT/CN=A'), permit: true, pattern: '/C=IT/CN=#1 .*' },
      { issuer: 'SELF', permit: false, pattern: '/C=IT/CN=bad' },
    ])
    expect(warnings).toEqual([])
  })

  it.each([
    ['a run', '"/C=IT/O=G/.*"', '/C=IT/O=G/CN=u', true],
    ['two runs', '"/C=IT/.*/CN=u.*"', '/C=IT/O=G/CN=user', true],
    ['anchored at the end', '"/C=IT/O=G"', '/C=IT/O=G/CN=u', false],
    ['anchored at the start', '"/O=G/.*"', '/C=IT/O=G/CN=u', false],
    ['a point alone is literal', '"/CN=a.b"', '/CN=axb', false],
    ['a star alone is literal', '"/CN=a*"', '/CN=ab', false],
    ['a question mark is literal', '"/CN=a?"', '/CN=ab', false],
    ['brackets are literal', '"/O=G [Run by X]/.*"', '/O=G [Run by X]/CN=u', true],
    ['brackets are no class', '"/CN=[ab]"', '/CN=a', false],
    ['stray single quotes', `'"/C=IT/.*"'`, '/C=IT/CN=u', true],
    ['case', '"/c=it/.*"', '/C=IT/CN=u', true],
  ])('%s', (_, pattern, subject, expected) => {
    expect(matches(pattern, subject)).toBe(expected)
  })

  it('warns of what looks like more of a regular expression, and takes it literally', () => {
    const { rules, warnings } = parse('TO Issuer SELF PERMIT Subject "/CN=(a|b)$"')
    expect(warnings).toHaveLength(1)
    expect(rules[0]!.matches(keyOfString('/CN=(a|b)$'))).toBe(true)
    expect(rules[0]!.matches(keyOfString('/CN=a'))).toBe(false)
  })
})

describe('namespaces files that are refused', () => {
  it.each([
    ['another version', '#NAMESPACES-VERSION: 2.0\n', 1],
    ['an unknown verb', '\nTO Issuer SELF ALLOW Subject "/CN=u"', 2],
    ['an open quote', 'TO Issuer SELF PERMIT Subject "/CN=u', 1],
    ['a statement cut off', 'TO Issuer SELF \\\n', 1],
    [
      'two statements on a line',
      'TO Issuer SELF PERMIT Subject "/CN=u" TO Issuer SELF PERMIT Subject "/CN=v"',
      1,
    ],
    ['private-use characters', 'TO Issuer SELF PERMIT Subject "/CN=\ue001"', 1],
  ])('%s', (_, text, line) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'policy-file-bad', at: line }))
  })
})
