import { describe, expect, it } from 'vitest'
import { compareOutcomes, DIFFERENCE_CLASSES } from '../../../src/adopt/compare/compareOutcomes.ts'
import type { Outcome } from '../../../src/adopt/compare/outcome.ts'

type Grant = Outcome & { kind: 'granted' }
const grant = (change: Partial<Grant> = {}): Grant => ({
  kind: 'granted',
  fqans: ['/vo', '/vo/a', '/vo/b'],
  form: 'long',
  attributes: ['vo::n=v'],
  lifetimeSeconds: 3600,
  warnings: [],
  ...change,
})
const refused = (reason: 'unknown' | 'suspended', message = 'no'): Outcome => ({
  kind: 'refused',
  reason,
  message,
})

describe('what a client could tell apart', () => {
  it.each<[string, Outcome, Outcome, string[]]>([
    ['nothing', grant(), grant(), []],
    ['another first FQAN', grant(), grant({ fqans: ['/vo/a', '/vo', '/vo/b'] }), ['primary: /vo | /vo/a']],
    [
      'another order',
      grant(),
      grant({ fqans: ['/vo', '/vo/b', '/vo/a'] }),
      ['order: /vo /vo/a /vo/b | /vo /vo/b /vo/a'],
    ],
    [
      'an FQAN more and one less',
      grant(),
      grant({ fqans: ['/vo', '/vo/a', '/vo/c'] }),
      ['fqans: /vo/b | /vo/c'],
    ],
    ['an attribute', grant(), grant({ attributes: [] }), ['attributes: vo::n=v | ']],
    ['two seconds of lifetime', grant(), grant({ lifetimeSeconds: 3602 }), []],
    ['three seconds', grant(), grant({ lifetimeSeconds: 3603 }), ['lifetime: 3600 s | 3603 s']],
    ['a warning', grant({ warnings: [2] }), grant({ warnings: [1, 2] }), ['warnings:  | 1']],
    ['the form', grant(), grant({ form: 'short' }), ['form: long | short']],
    [
      'everything',
      grant(),
      grant({ fqans: ['/vo'], attributes: [], lifetimeSeconds: 1, warnings: [1], form: 'short' }),
      [
        'fqans: /vo/a /vo/b | ',
        'attributes: vo::n=v | ',
        'lifetime: 3600 s | 1 s',
        'warnings:  | 1',
        'form: long | short',
      ],
    ],
    ['a refusal', grant(), refused('unknown'), ['refusal: granted: /vo /vo/a /vo/b | refused: no']],
    ['the words of a refusal', refused('unknown'), refused('unknown', 'never'), []],
    [
      'the reason of a refusal',
      refused('unknown'),
      refused('suspended'),
      ['reason: refused: no | refused: no'],
    ],
    [
      'no answer',
      grant(),
      { kind: 'failed', message: 'nothing listens' },
      ['failed: granted: /vo /vo/a /vo/b | nothing listens'],
    ],
  ])('%s', (_name, ours, theirs, expected) => {
    const found = compareOutcomes(ours, theirs)
    expect(found.map(one => `${one.class}: ${one.ours} | ${one.theirs}`)).toEqual(expected)
    for (const one of found) expect(Object.keys(DIFFERENCE_CLASSES)).toContain(one.class)
  })
})
