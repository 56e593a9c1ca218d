import fc from 'fast-check'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { plainLine } from '../../src/observe/plainLine.ts'

describe('a log line', () => {
  it.each([
    ['the control that begins escape sequences', '\u009b31m', '\\u009b31m'],
    ['DEL', '\x7f', '\\u007f'],
    ['next line', '\x85', '\\u0085'],
    ['a line separator', '\u2028', '\\u2028'],
    ['an override of direction', '\u202egpj.exe', '\\u202egpj.exe'],
    ['a zero-width space', 'a\u200bb', 'a\\u200bb'],
    ['a tag character', '\u{e0041}', '\\udb40\\udc41'],
    ['half a character', 'a\ud800b', 'a\\ud800b'],
  ])('escapes %s', (_, text, expected) => {
    expect(plainLine(`{"holder":"${text}"}\n`)).toBe(`{"holder":"${expected}"}\n`)
  })

  it('leaves ordinary text of any script alone', () => {
    const line = '{"holder":"/O=Grid/CN=José 日本 😀"}\n'
    expect(plainLine(line)).toBe(line)
  })

  it('is one line of the same content, whatever is logged', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        let line = ''
        const write = (written: string) => {
          line = plainLine(written)
        }
        pino({}, { write }).info({ text }, 'request refused')
        expect(JSON.parse(line).text).toBe(text)
        expect(line).toMatch(/^[^\x00-\x1f\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]*\n$/u)
      }),
      { numRuns: 2000 },
    )
  })
})
