import fc from 'fast-check'
import { expect, it } from 'vitest'
import { printable } from '../../src/cli/printable.ts'

it.each([
  ['terminal escapes', '/CN=\x1b[31mred', '/CN=\\x1B[31mred'],
  ['line ends and NUL', 'a\r\nb\0', 'a\\x0D\\x0Ab\\x00'],
  ['C1 controls', 'a\x9bm', 'a\\x9Bm'],
  ['text that runs backwards', '/CN=\u202egnp.exe', '/CN=\\u{202E}gnp.exe'],
  ['hidden characters', 'a\u200bb\u{e0041}', 'a\\u{200B}b\\u{E0041}'],
  ['line separators', 'a\u2028b', 'a\\u{2028}b'],
  ['lone surrogates', 'a\ud800b', 'a\\u{D800}b'],
])('escapes %s', (_name, text, expected) => {
  expect(printable(text)).toBe(expected)
})

it('leaves letters of any script', () => {
  const text = '/C=IT/O=Università/CN=Łukasz 中村 😀 (Parenthesis) \\x41'
  expect(printable(text)).toBe(text)
})

it('never lets a control character through', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      text => !/[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(printable(text)),
    ),
  )
})
