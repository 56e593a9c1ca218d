import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatRestAnswer, parseRestAnswer } from '../../../native-free/wire/restAnswer.ts'
import type { IssueAnswer } from '../../../native-free/wire/types.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const text = (bytes: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
const nothing: IssueAnswer = { ac: undefined, list: undefined, warnings: [], error: undefined }
const HEAD = '<?xml version="1.0" encoding="UTF-8"?><voms>'

describe('formatRestAnswer', () => {
  const error = {
    code: 'SuspendedUser',
    number: 1004,
    message: 'User is currently suspended!\nSuspension reason: a<b [r1]',
  } as const
  const warnings = [
    { number: 4, message: 'Unknown parameters in the request were ignored!' },
    { number: 1, message: 'FQAN: /vo.0 is not the first selected!\n' },
  ] as const

  it.each([
    {
      name: 'an AC, base64 in ended lines',
      answer: { ...nothing, ac: new Uint8Array(50) },
      inside: `<ac>${'A'.repeat(64)}\nAAA=\n</ac>`,
    },
    { name: 'a list', answer: { ...nothing, list: ['/a', '/b'] }, inside: '<bitstr>L2EKL2IK\n</bitstr>' },
    {
      name: 'warnings, one element each',
      answer: { ...nothing, ac: Uint8Array.of(0x41), warnings },
      inside: `<ac>QQ==\n</ac><warning>${warnings[0].message}</warning><warning>${warnings[1].message}</warning>`,
    },
    {
      name: 'an error, without an AC whatever else is given',
      answer: { ...nothing, ac: Uint8Array.of(0x41), list: ['/a'], error },
      inside:
        '<error><code>SuspendedUser</code><message>User is currently suspended!\nSuspension reason: a&lt;b [r1]</message></error>',
    },
    {
      name: 'an error after warnings',
      answer: { ...nothing, error, warnings: [warnings[0]] },
      inside: `<warning>${warnings[0].message}</warning><error><code>SuspendedUser</code><message>User is currently suspended!\nSuspension reason: a&lt;b [r1]</message></error>`,
    },
  ])('writes $name', ({ answer, inside }) => {
    expect(text(formatRestAnswer(answer))).toBe(`${HEAD}${inside}</voms>`)
  })

  it('is read back by parseRestAnswer', () => {
    const message = fc
      .string({ unit: 'binary' })
      .map(raw => raw.replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, ''))
    const numbered = { 1: 'selected', 2: 'validity', 3: 'contains attributes', 4: 'Unknown' }
    const warning = fc
      .constantFrom(1 as const, 2 as const, 3 as const, 4 as const)
      .map(number => ({ number, message: `<&>é ${numbered[number]}\n` }))
    const answers: fc.Arbitrary<IssueAnswer> = fc.oneof(
      fc.record({
        ac: fc.uint8Array({ minLength: 1, maxLength: 300 }),
        list: fc.constant(undefined),
        warnings: fc.array(warning),
        error: fc.constant(undefined),
      }),
      fc.record({
        ac: fc.constant(undefined),
        list: fc.constant(undefined),
        warnings: fc.array(warning),
        error: fc.record({ code: fc.constant('NoSuchUser' as const), number: fc.constant(1001), message }),
      }),
    )
    fc.assert(
      fc.property(answers, answer => {
        const { ac, list, warnings, error } = answer
        expect(parseRestAnswer(formatRestAnswer(answer))).toEqual({
          ac,
          list,
          warnings,
          errors: error === undefined ? [] : [error],
        })
      }),
    )
  })
})

describe('parseRestAnswer', () => {
  it.each([
    ['NoSuchUser', 1001],
    ['SuspendedUser', 1004],
    ['BadRequest', 1005],
    ['InternalError', 1006],
    ['1001', 1001],
    ['1004', 1004],
    ['1007', 1007],
    ['', 1006],
    ['99999999999', 1006],
  ])('numbers the code %j %i', (code, number) => {
    const answer = utf8(`${HEAD}<error><code>${code}</code><message>m</message></error></voms>`)
    expect(parseRestAnswer(answer)).toEqual({
      ac: undefined,
      list: undefined,
      warnings: [],
      errors: [{ code, number, message: 'm' }],
    })
  })

  it.each([
    ['h:1: The validity of this VOMS AC in your proxy is shortened to 5 seconds!', 2],
    ['FQAN: /vo.0 is not the first selected!\n', 1],
    ['vo.0 : your certificate already contains attributes, only a subset of them can be issued.', 3],
    ['Unknown parameters in the request were ignored!', 4],
    ['anything else', 4],
  ])('numbers the warning "%s" %i', (message, number) => {
    const answer = utf8(`${HEAD}<ac>QQ==\n</ac><warning>${message}</warning></voms>`)
    expect(parseRestAnswer(answer)).toEqual({
      ac: Uint8Array.of(0x41),
      list: undefined,
      warnings: [{ number, message }],
      errors: [],
    })
  })

  it.each([
    {
      name: 'base64 lines that end CRLF',
      document: `<?xml version="1.0" encoding="UTF-8" standalone="no"?><voms><ac>MAA&#13;\n=&#13;\n</ac></voms>`,
      ac: Uint8Array.of(0x30, 0x00),
    },
    { name: 'the older code', document: `${HEAD}<ac>qq</ac></voms>`, ac: Uint8Array.of(0x41) },
  ])('reads $name', ({ document, ac }) => {
    expect(parseRestAnswer(utf8(document)).ac).toEqual(ac)
  })

  it('reads a legacy document that comes in an HTTP answer', () => {
    const document =
      '<vomsans><version>3</version><error><item><number>1004</number><message>not active</message></item></error><ac>QQ==\n</ac></vomsans>'
    expect(parseRestAnswer(utf8(document))).toEqual({
      ac: undefined,
      list: undefined,
      warnings: [],
      errors: [{ code: '1004', number: 1004, message: 'not active' }],
    })
  })

  it('reads an error as root', () => {
    expect(parseRestAnswer(utf8('<error><code>c</code><message>m</message></error>')).errors).toEqual([
      { code: 'c', number: 1006, message: 'm' },
    ])
  })

  it('gives no AC beside an error', () => {
    const document = `${HEAD}<ac>QQ==\n</ac><error><code>1001</code><message>m</message></error></voms>`
    expect(parseRestAnswer(utf8(document)).ac).toBeUndefined()
  })

  it.each([
    ['ANSWER_UNKNOWN', '<html/>'],
    ['XML_SYNTAX', ''],
    ['XML_SYNTAX', `${HEAD}</voms>x`],
    ['XML_SYNTAX', `${HEAD}<ac>QQ==\n`],
    ['XML_DOCTYPE', '<!DOCTYPE html><html></html>'],
    ['BASE64_BAD', `${HEAD}<ac>%\n</ac></voms>`],
  ])('refuses with %s: %s', (code, document) => {
    expect(() => parseRestAnswer(utf8(document))).toThrow(expect.objectContaining({ name: 'Refusal', code }))
  })
})
