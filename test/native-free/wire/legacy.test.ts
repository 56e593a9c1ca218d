import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatLegacyAnswer, parseLegacyAnswer } from '../../../native-free/wire/legacyAnswer.ts'
import {
  formatLegacyRequest,
  LegacyRequestReader,
  parseLegacyRequest,
} from '../../../native-free/wire/legacyRequest.ts'
import { commandText } from '../../../native-free/wire/parseCommand.ts'
import { parseOrder } from '../../../native-free/wire/parseOrder.ts'
import type { IssueAnswer } from '../../../native-free/wire/types.ts'
import { fromVoms64, toVoms64 } from '../../../native-free/wire/voms64.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const ascii = (bytes: Uint8Array) => String.fromCharCode(...bytes)
const parse = (text: string) => parseLegacyRequest(utf8(text))

const C_API =
  '<?xml version="1.0" encoding="US-ASCII"?><voms><command>G/vo.0</command><base64>1</base64>' +
  '<version>4</version><lifetime>3600</lifetime></voms>'

describe('requests as clients send them', () => {
  const group = { kind: 'group', group: '/vo.0', text: 'G/vo.0' }
  const role = { kind: 'groupRole', group: '/vo.0/G1', role: 'R1', text: 'B/vo.0/G1:R1' }
  const plain = {
    protocol: 'legacy',
    order: undefined,
    targets: [],
    lifetimeSeconds: 3600,
    unknownParameters: false,
  }

  it.each([
    { client: 'C API', document: C_API, request: { ...plain, commands: [group], base64: true } },
    {
      client: 'Java with FQANs',
      document:
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?><voms><base64>1</base64><version>4</version>' +
        '<command>B/vo.0/G1:R1</command><lifetime>3600</lifetime></voms>',
      request: { ...plain, commands: [role], base64: true },
    },
    {
      client: 'Java without FQANs',
      document:
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?><voms><command>G/vo.0</command>' +
        '<lifetime>3600</lifetime></voms>',
      request: { ...plain, commands: [group], base64: false },
    },
    {
      client: 'ARC',
      document:
        '<?xml version="1.0" encoding="US-ASCII"?><voms>\n  <command>B/vo.0/G1:R1</command>\n' +
        '  <order>/vo.0/G1:R1</order>\n  <lifetime>3600</lifetime>\n</voms>',
      request: { ...plain, commands: [role], order: [{ group: '/vo.0/G1', role: 'R1' }], base64: false },
    },
    {
      client: 'C API without a lifetime',
      document: C_API.replace('3600', ''),
      request: { ...plain, commands: [group], base64: true, lifetimeSeconds: undefined },
    },
  ])('$client', ({ document, request }) => {
    expect(parse(document)).toEqual(request)
  })
})

describe('parseLegacyRequest', () => {
  it.each([
    {
      name: 'several commands, in order',
      inside: '<command>G/vo.0</command><command>RR1</command>',
      texts: ['G/vo.0', 'RR1'],
    },
    { name: 'entities and CDATA', inside: '<command>G&#47;vo<![CDATA[.0]]></command>', texts: ['G/vo.0'] },
    { name: 'blanks around values', inside: '<command>\n  G/vo.0\n</command>', texts: ['G/vo.0'] },
    {
      name: 'unknown elements',
      inside: '<x><command>A</command></x><command>G/vo.0</command>',
      texts: ['G/vo.0'],
    },
    { name: 'an empty command', inside: '<command/>', texts: [''] },
  ])('reads $name', ({ inside, texts }) => {
    expect(parse(`<any>${inside}</any>`).commands.map(command => command.text)).toEqual(texts)
  })

  it.each([
    ['<base64/>', { base64: true }],
    ['<base64>0</base64>', { base64: true }],
    ['', { base64: false }],
    ['<lifetime>-1</lifetime>', { lifetimeSeconds: undefined }],
    ['<lifetime>1</lifetime><lifetime>2</lifetime>', { lifetimeSeconds: 2 }],
    ['<order>/a</order><order>/b</order>', { order: [{ group: '/b', role: undefined }] }],
    ['<targets>a,</targets>', { targets: ['a'] }],
    ['<targets>a</targets><targets>b</targets>', { targets: ['b'] }],
  ])('%s', (inside, wanted) => {
    expect(parse(`<voms><command>A</command>${inside}</voms>`)).toMatchObject(wanted)
  })

  it('takes N as a list only in front', () => {
    expect(parse('<v><command>N</command><command>N</command></v>').commands.map(({ kind }) => kind)).toEqual(
      ['list', 'all'],
    )
  })

  it.each([
    ['REQUEST_NO_COMMAND', '<voms/>'],
    ['REQUEST_NO_COMMAND', '<voms><x><command>A</command></x></voms>'],
    ['REQUEST_TOO_LONG', `<voms>${'<command>A</command>'.repeat(1001)}</voms>`],
    ['REQUEST_TARGET', '<voms><command>A</command><targets>é</targets></voms>'],
    ['XML_SYNTAX', '<voms><command>A</command>'],
    ['XML_SYNTAX', 'hello'],
    ['XML_SYNTAX', ''],
    ['XML_DOCTYPE', '<!DOCTYPE voms><voms/>'],
    ['XML_TOO_DEEP', '<a>'.repeat(100)],
  ])('refuses with %s: %s', (code, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ name: 'Refusal', code }))
  })

  it('does not look at what follows the root element', () => {
    expect(parse(`${C_API}\n\0garbage`)).toEqual(parse(C_API))
  })
})

describe('LegacyRequestReader', () => {
  it('waits for the end of the root element, however the bytes come', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: C_API.length - 1 })), cuts => {
        const bytes = utf8(C_API)
        const ends = [...new Set([...cuts, bytes.length])].sort((a, b) => a - b)
        const reader = new LegacyRequestReader(4096)
        const states = ends.map((end, n) => reader.push(bytes.subarray(ends[n - 1] ?? 0, end)))
        expect(states.at(-1)).toBe('complete')
        expect(new Set(states.slice(0, -1))).toEqual(new Set(ends.length > 1 ? ['incomplete'] : []))
        expect(ascii(reader.document())).toBe(C_API)
      }),
    )
  })

  it('waits no longer for what can never become a request, and keeps it', () => {
    const reader = new LegacyRequestReader(4096)
    expect(reader.push(utf8('<voms>'))).toBe('incomplete')
    expect(reader.push(utf8('</vo'))).toBe('incomplete')
    expect(reader.push(utf8('x>'))).toBe('complete')
    expect(() => parseLegacyRequest(reader.document())).toThrow(
      expect.objectContaining({ code: 'XML_SYNTAX' }),
    )
  })

  it('holds no more than its limit', () => {
    const reader = new LegacyRequestReader(4096)
    expect(reader.push(utf8(`<voms>${'x'.repeat(4090)}`))).toBe('incomplete')
    expect(reader.push(utf8('x'))).toBe('too-large')
    expect(reader.document()).toHaveLength(4096)
  })
})

describe('formatLegacyRequest', () => {
  it('writes what the C API writes', () => {
    const request = { fqans: ['/vo.0'], order: undefined, targets: [], lifetimeSeconds: 3600 }
    expect(ascii(formatLegacyRequest(request))).toBe(C_API)
    const full = {
      fqans: ['/vo.0', '/Role=R1'],
      order: ['/vo.0:R1', '/vo.0'],
      targets: ['a', 'b'],
      lifetimeSeconds: undefined,
    }
    expect(ascii(formatLegacyRequest(full))).toBe(
      '<?xml version="1.0" encoding="US-ASCII"?><voms><command>G/vo.0</command><command>RR1</command>' +
        '<order>/vo.0:R1,/vo.0</order><targets>a,b</targets><base64>1</base64><version>4</version>' +
        '<lifetime></lifetime></voms>',
    )
  })

  it('is read back by parseLegacyRequest', () => {
    const requests = fc.record({
      fqans: fc.array(fc.stringMatching(/^\/[ -~é]{0,40}[!-~]$/), { minLength: 1 }),
      order: fc.option(fc.array(fc.stringMatching(/^\/[0-9A-Za-z_./-]{1,20}$/), { minLength: 1 }), {
        nil: undefined,
      }),
      targets: fc.uniqueArray(fc.stringMatching(/^[!-+\--~]{1,30}$/)),
      lifetimeSeconds: fc.option(fc.integer({ min: 1, max: 2147483647 }), { nil: undefined }),
    })
    fc.assert(
      fc.property(requests, asked => {
        const read = parseLegacyRequest(formatLegacyRequest(asked))
        expect(read.commands.map(command => command.text)).toEqual(
          asked.fqans.map(fqan => commandText(fqan).trim()),
        )
        expect(read.order).toEqual(asked.order === undefined ? undefined : parseOrder(asked.order.join(',')))
        expect(read).toMatchObject({
          base64: true,
          targets: asked.targets,
          lifetimeSeconds: asked.lifetimeSeconds,
        })
      }),
    )
  })
})

const nothing: IssueAnswer = { ac: undefined, list: undefined, warnings: [], error: undefined }
const HEAD = '<?xml version="1.0" encoding = "US-ASCII"?><vomsans><version>3</version>'

describe('formatLegacyAnswer', () => {
  const error = {
    code: 'BadRequest',
    number: 1001,
    message: 'vo.0: Unable to satisfy G/x request! [r1]',
  } as const
  const warnings = [
    { number: 2, message: 'h:1: The validity of this VOMS AC in your proxy is shortened to 5 seconds!' },
    { number: 1, message: 'FQAN: /vo.0 is not the first selected!\n' },
  ] as const
  const item = `<item><number>1001</number><message>${error.message}</message></item>`
  const items = warnings.map(
    ({ number, message }) => `<item><number>${number}</number><message>${message}</message></item>`,
  )

  it.each([
    {
      name: 'an AC',
      answer: { ...nothing, ac: Uint8Array.of(0x41) },
      base64: '<ac>QQ==\n</ac>',
      voms64: '<ac>qq</ac>',
    },
    {
      name: 'a list',
      answer: { ...nothing, list: ['/a', '/b'] },
      base64: '<bitstr>L2EKL2IK\n</bitstr>',
      voms64: '<bitstr>l2ekl2iK</bitstr>'.replace('l2ekl2iK', 'l2ekl2ik'),
    },
    {
      name: 'an error',
      answer: { ...nothing, error },
      base64: `<error>${item}</error><ac>QQ==\n</ac>`,
      voms64: `<error>${item}</error><ac>qq</ac>`,
    },
    {
      name: 'an AC with warnings',
      answer: { ...nothing, ac: Uint8Array.of(0x41), warnings },
      base64: `<error>${items.join('')}</error><ac>QQ==\n</ac>`,
      voms64: `<error>${items.join('')}</error><ac>qq</ac>`,
    },
    {
      name: 'an error with warnings',
      answer: { ...nothing, error, warnings },
      base64: `<error>${items.join('')}${item}</error><ac>QQ==\n</ac>`,
      voms64: `<error>${items.join('')}${item}</error><ac>qq</ac>`,
    },
  ])('writes $name', ({ answer, base64, voms64 }) => {
    expect(ascii(formatLegacyAnswer(answer, true))).toBe(`${HEAD}${base64}</vomsans>`)
    expect(ascii(formatLegacyAnswer(answer, false))).toBe(`${HEAD}${voms64}</vomsans>`)
  })

  it('breaks base64 into lines of 64, each ended, and the older code into none', () => {
    const answer = { ...nothing, ac: new Uint8Array(100).fill(0xff) }
    expect(ascii(formatLegacyAnswer(answer, true))).toMatch(/<ac>(\/{64}\n){2}\/{5}w==\n<\/ac>/)
    expect(ascii(formatLegacyAnswer(answer, false))).toMatch(/<ac>\]{133}W<\/ac>/)
  })

  const message = fc
    .string({ unit: 'binary' })
    .map(text => text.replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, ''))
  const someWarnings = fc.array(
    fc.record({ number: fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const), message }),
  )

  it('is pure ASCII, and read back by parseLegacyAnswer', () => {
    const fqans = fc.array(fc.stringMatching(/^\/[0-9A-Za-z_./=-]{1,50}$/), { minLength: 1 })
    const answers: fc.Arbitrary<IssueAnswer> = fc.oneof(
      fc.record({
        ac: fc.uint8Array({ minLength: 1, maxLength: 300 }),
        list: fc.constant(undefined),
        warnings: someWarnings,
        error: fc.constant(undefined),
      }),
      fc.record({
        ac: fc.constant(undefined),
        list: fqans,
        warnings: someWarnings,
        error: fc.constant(undefined),
      }),
      fc.record({
        ac: fc.constant(undefined),
        list: fc.constant(undefined),
        warnings: someWarnings,
        error: fc.record({
          code: fc.constant('BadRequest' as const),
          number: fc.integer({ min: 1001, max: 1006 }),
          message,
        }),
      }),
    )
    fc.assert(
      fc.property(answers, fc.boolean(), (answer, base64) => {
        const bytes = formatLegacyAnswer(answer, base64)
        expect(
          bytes.every(octet => octet < 0x80 && (octet >= 0x20 || octet === 0x0a || octet === 0x09)),
        ).toBe(true)
        const { ac, list, warnings, error } = answer
        const errors = error === undefined ? [] : [{ ...error, code: String(error.number) }]
        expect(parseLegacyAnswer(bytes)).toEqual({ ac, list, warnings, errors })
      }),
    )
  })
})

describe('parseLegacyAnswer', () => {
  it('reads an answer of vomsd', () => {
    const answer = `${HEAD}<error><item><number>1001</number><message>vo.0: User unknown to this VO.</message></item></error><ac>qq</ac></vomsans>`
    expect(parseLegacyAnswer(utf8(answer))).toEqual({
      ac: undefined,
      list: undefined,
      warnings: [],
      errors: [{ code: '1001', number: 1001, message: 'vo.0: User unknown to this VO.' }],
    })
  })

  it('takes an item without a number for an error', () => {
    const answer = `${HEAD}<error><item><message>x</message></item></error><ac>qq</ac></vomsans>`
    expect(parseLegacyAnswer(utf8(answer))).toMatchObject({
      ac: undefined,
      errors: [{ number: 1006, message: 'x' }],
    })
  })

  it.each([
    ['ANSWER_UNKNOWN', '<html></html>'],
    ['XML_SYNTAX', `${HEAD}<ac>qq</ac>`],
    ['VOMS64_BAD', `${HEAD}<ac>q=</ac></vomsans>`],
    ['BASE64_BAD', `${HEAD}<ac>Q=Q=\n</ac></vomsans>`],
  ])('refuses with %s: %s', (code, text) => {
    expect(() => parseLegacyAnswer(utf8(text))).toThrow(expect.objectContaining({ name: 'Refusal', code }))
  })
})

describe('the older code', () => {
  it.each([
    { bytes: [], text: '' },
    { bytes: [0x41], text: 'qq' },
    { bytes: [0x00], text: 'aa' },
    { bytes: [0xff], text: ']W' },
    { bytes: [0xff, 0xff, 0xff], text: ']]]]' },
    { bytes: [0x00, 0x10, 0x83], text: 'abcd' },
    { bytes: [0xfb, 0xef, 0xbe], text: '[[[[' },
    { bytes: [0x30, 0x82], text: 'mii' },
  ])('$bytes is $text', ({ bytes, text }) => {
    expect(toVoms64(Uint8Array.from(bytes))).toBe(text)
    expect(fromVoms64(text)).toEqual(Uint8Array.from(bytes))
  })

  it('has ceil(8n/6) characters, and comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array(), bytes => {
        const text = toVoms64(bytes)
        expect(text).toMatch(/^[a-zA-Z0-9[\]]*$/)
        expect(text).toHaveLength(Math.ceil((8 * bytes.length) / 6))
        expect(fromVoms64(text)).toEqual(Uint8Array.from(bytes))
      }),
    )
  })

  it.each(['q', 'qqqqq', 'qr', 'q+', 'q=', 'é', 'ab\n'])('refuses %j', text => {
    expect(() => fromVoms64(text)).toThrow(expect.objectContaining({ code: 'VOMS64_BAD' }))
  })
})
