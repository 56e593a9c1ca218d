import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Refusal } from '../../../native-free/refusal.ts'
import { buildRestRequest, formatRestRequest } from '../../../native-free/wire/buildRestRequest.ts'
import { commandText } from '../../../native-free/wire/parseCommand.ts'
import { parseLifetime } from '../../../native-free/wire/parseLifetime.ts'
import { parseOrder } from '../../../native-free/wire/parseOrder.ts'
import { parseRestQuery } from '../../../native-free/wire/parseRestQuery.ts'
import type { AcRequest } from '../../../native-free/wire/types.ts'

const parse = (query: string) => parseRestQuery(`/generate-ac${query}`, 'vo.0')
const texts = (query: string) => parse(query).commands.map(command => command.text)

describe('requests as clients send them', () => {
  it('C API', () => {
    const query = '?fqans=/vo.0/G1/Role=R1&lifetime=3600&order=/vo.0/G1:R1&targets=a.example'
    expect(parse(query)).toEqual({
      protocol: 'rest',
      commands: [{ kind: 'groupRole', group: '/vo.0/G1', role: 'R1', text: 'B/vo.0/G1:R1' }],
      order: [{ group: '/vo.0/G1', role: 'R1' }],
      targets: ['a.example'],
      lifetimeSeconds: 3600,
      base64: true,
      unknownParameters: false,
    })
  })

  it('Java, with a trailing comma in targets', () => {
    const request = parse('?fqans=/vo.0/G1/Role=R1&targets=a.example,&lifetime=3600')
    expect(request).toMatchObject({ targets: ['a.example'], order: undefined, lifetimeSeconds: 3600 })
  })

  it('ARC, without fqans: the group of the VO', () => {
    expect(parse('?lifetime=3600').commands).toEqual([{ kind: 'group', group: '/vo.0', text: 'G/vo.0' }])
    expect(parse('').commands).toEqual([{ kind: 'group', group: '/vo.0', text: 'G/vo.0' }])
  })
})

describe('fqans', () => {
  it.each([
    ['?fqans=all', ['A']],
    ['?fqans=ALL', ['A']],
    ['?fqans=RR1', ['RR1']],
    ['?fqans=/Role=R1', ['RR1']],
    ['?fqans=N', ['N']],
    ['?fqans=/vo.0,/vo.0/G1/Role=R1', ['G/vo.0', 'B/vo.0/G1:R1']],
    ['?fqans=/vo.0/Role=NULL', ['G/vo.0']],
    ['?fqans=/vo.0/G1/Role=R1/Capability=NULL', ['B/vo.0/G1:R1']],
    ['?fqans=/vo.0,', ['G/vo.0']],
    ['?fqans=', ['']],
    ['?fqans=,', ['']],
    ['?fqans=,/vo.0', ['', 'G/vo.0']],
    ['?fqans=/vo.0,,/vo.0/G1', ['G/vo.0', '', 'G/vo.0/G1']],
    ['?fqans=/vo.0&fqans=/vo.0/G1', ['G/vo.0', 'G/vo.0/G1']],
    ['?fqans=/vo.0,&fqans=/vo.0/G1,', ['G/vo.0', 'G/vo.0/G1']],
    ['?fqans=%2Fvo.0%2CRR1', ['G/vo.0', 'RR1']],
    ['?fqans=%2Fvo.0%2FG1%2FRole%3DR1', ['B/vo.0/G1:R1']],
    ['?%66qans=/vo.0/G2', ['G/vo.0/G2']],
    ['?fqans=/vo.0+x', ['G/vo.0+x']],
    ['?fqans=/vo.0%26lifetime%3D1', ['G/vo.0&lifetime=1']],
    ['?fqans=/', ['G/']],
  ])('%s', (query, commands) => {
    expect(texts(query)).toEqual(commands)
  })

  it('that are empty ask for something that nobody has', () => {
    expect(parse('?fqans=').commands).toEqual([{ kind: 'unsatisfiable', text: '' }])
    expect(parse('?fqans=/vo.0+x').commands).toMatchObject([{ kind: 'unsatisfiable' }])
  })

  it('ask for a list only in front', () => {
    expect(parse('?fqans=N,/vo.0').commands).toMatchObject([{ kind: 'list' }, { kind: 'group' }])
    expect(parse('?fqans=/vo.0,N').commands).toMatchObject([{ kind: 'group' }, { kind: 'all' }])
  })
})

describe('lifetime', () => {
  it.each([
    ['3600', 3600],
    ['1', 1],
    [' +60', 60],
    ['12h', 12],
    ['0012', 12],
    ['2147483648', 2147483647],
    ['9'.repeat(400), 2147483647],
    ['', undefined],
    ['0', undefined],
    ['-1', undefined],
    ['- 1', undefined],
    ['x1', undefined],
    ['NaN', undefined],
    ['0x10', undefined],
    [undefined, undefined],
  ])('%s is %s', (text, seconds) => {
    expect(parseLifetime(text)).toBe(seconds)
  })

  it('given twice: the last one wins', () => {
    expect(parse('?lifetime=1&lifetime=2').lifetimeSeconds).toBe(2)
    expect(parse('?lifetime=1&lifetime=').lifetimeSeconds).toBeUndefined()
  })
})

describe('order', () => {
  it.each([
    ['/vo.0/G1', [{ group: '/vo.0/G1', role: undefined }]],
    ['/vo.0/G1:R1', [{ group: '/vo.0/G1', role: 'R1' }]],
    ['/vo.0/G1/Role=R1', [{ group: '/vo.0/G1', role: 'R1' }]],
    ['/vo.0/G1/Role=R1/Capability=NULL', [{ group: '/vo.0/G1', role: 'R1' }]],
    ['/vo.0/Role=NULL', [{ group: '/vo.0', role: undefined }]],
    [
      '/vo.0/G2,/vo.0/G1',
      [
        { group: '/vo.0/G2', role: undefined },
        { group: '/vo.0/G1', role: undefined },
      ],
    ],
    [
      ' /vo.0/G2 , ,/vo.0',
      [
        { group: '/vo.0/G2', role: undefined },
        { group: '/vo.0', role: undefined },
      ],
    ],
    ['nonsense', [{ group: 'nonsense', role: undefined }]],
    ['', undefined],
    [' , ', undefined],
  ])('%j', (text, entries) => {
    expect(parseOrder(text)).toEqual(entries)
  })

  it('given twice: the lists are joined', () => {
    expect(parse('?order=/vo.0/G2&order=/vo.0/G1').order).toEqual(parseOrder('/vo.0/G2,/vo.0/G1'))
  })
})

describe('targets', () => {
  it.each([
    ['a.example,b.example', ['a.example', 'b.example']],
    ['a.example,', ['a.example']],
    [',, a.example ,a.example', ['a.example']],
    ['', []],
  ])('%j', (text, targets) => {
    expect(parse(`?targets=${text}`).targets).toEqual(targets)
  })

  it('given twice: the last list wins', () => {
    expect(parse('?targets=a&targets=b').targets).toEqual(['b'])
  })

  it.each(['gr%C3%BCn.example', 'a%00b', 'a b', 'a'.repeat(256)])('%s is refused', target => {
    expect(() => parse(`?targets=${target}`)).toThrow(expect.objectContaining({ code: 'REQUEST_TARGET' }))
  })
})

describe('the target of a request', () => {
  it.each(['?foo=1', '?lifetime=1&principal=x', '?Fqans=/vo.0', '?=1', '?fqans[]=1'])(
    '%s: unknown parameters',
    query => {
      expect(parse(query).unknownParameters).toBe(true)
    },
  )

  it('may be in absolute form', () => {
    const request = parseRestQuery('https://voms.test.example:15000/generate-ac?lifetime=5', 'vo.0')
    expect(request.lifetimeSeconds).toBe(5)
  })

  it.each([
    { target: '/', code: 'REQUEST_PATH' },
    { target: '', code: 'REQUEST_PATH' },
    { target: '*', code: 'REQUEST_PATH' },
    { target: '/generate-ac/', code: 'REQUEST_PATH' },
    { target: '/generate-ac%3Ffqans=all', code: 'REQUEST_PATH' },
    { target: '/Generate-ac', code: 'REQUEST_PATH' },
    { target: '//generate-ac', code: 'REQUEST_PATH' },
    { target: 'http://h/other?x=1', code: 'REQUEST_PATH' },
    { target: '/generate-ac?', code: 'REQUEST_QUERY' },
    { target: '/generate-ac?fqans', code: 'REQUEST_QUERY' },
    { target: '/generate-ac?fqans=all&', code: 'REQUEST_QUERY' },
    { target: '/generate-ac?&fqans=all', code: 'REQUEST_QUERY' },
    { target: '/generate-ac?fqans=%', code: 'REQUEST_ESCAPE' },
    { target: '/generate-ac?fqans=%zz', code: 'REQUEST_ESCAPE' },
    { target: '/generate-ac?fqans=%ff', code: 'REQUEST_ESCAPE' },
    { target: `/generate-ac?fqans=${'A,'.repeat(1001)}`, code: 'REQUEST_TOO_LONG' },
    { target: `/generate-ac?${'fqans=A&'.repeat(1001)}x=`, code: 'REQUEST_TOO_LONG' },
    { target: `/generate-ac?order=${'A,'.repeat(1001)}`, code: 'REQUEST_TOO_LONG' },
    { target: `/generate-ac?targets=${'A,'.repeat(1001)}`, code: 'REQUEST_TOO_LONG' },
  ])('$target is refused with $code', ({ target, code }) => {
    expect(() => parseRestQuery(target, 'vo.0')).toThrow(expect.objectContaining({ name: 'Refusal', code }))
  })

  it('is read or refused, whatever it is', () => {
    const piece = fc.tuple(fc.constantFrom('fqans', 'order', 'targets', 'lifetime', 'x'), fc.string())
    const query = fc.array(piece).map(pieces => pieces.map(([name, value]) => `${name}=${value}`).join('&'))
    fc.assert(
      fc.property(query, text => {
        try {
          const request = parse(`?${text}`)
          expect(request.commands.length).toBeGreaterThan(0)
          expect(request.lifetimeSeconds ?? 1).toBeGreaterThan(0)
        } catch (refusal) {
          expect(refusal).toBeInstanceOf(Refusal)
        }
      }),
    )
  })
})

describe('buildRestRequest', () => {
  const request: AcRequest = {
    fqans: ['/vo.0/G1/Role=R1'],
    order: ['/vo.0/G1/Role=R1'],
    targets: ['a.example'],
    lifetimeSeconds: 3600,
  }

  it('builds what the C API sends, in HTTP/1.1', () => {
    const built = buildRestRequest(request, 'voms.test.example', 15000)
    expect(new TextDecoder().decode(formatRestRequest(built))).toBe(
      'GET /generate-ac?fqans=/vo.0/G1/Role=R1&lifetime=3600&order=/vo.0/G1/Role=R1&targets=a.example HTTP/1.1\r\n' +
        'Host: voms.test.example:15000\r\nUser-Agent: vouchd\r\nAccept: */*\r\nConnection: close\r\n\r\n',
    )
  })

  it('asks for plain membership without a query', () => {
    const empty = { fqans: [], order: undefined, targets: [], lifetimeSeconds: undefined }
    expect(buildRestRequest(empty, '::1', 443)).toMatchObject({
      target: '/generate-ac',
      headers: { Host: '[::1]:443' },
    })
  })

  it.each([
    { ...request, fqans: ['/vo.0&lifetime=1'] },
    { ...request, fqans: ['/vo 0'] },
    { ...request, order: ['/vo.0/gr%fcn'] },
    { ...request, targets: ['a\r\nHost: b'] },
  ])('refuses what cannot be sent unescaped', bad => {
    expect(() => buildRestRequest(bad, 'h', 1)).toThrow(
      expect.objectContaining({ code: 'REQUEST_CHARACTER' }),
    )
  })

  it.each(['', 'h\r\nx: y', 'h/x'])('refuses the host %j', host => {
    expect(() => buildRestRequest(request, host, 1)).toThrow(
      expect.objectContaining({ code: 'REQUEST_CHARACTER' }),
    )
  })

  it('is read back by parseRestQuery', () => {
    const fqan = fc.stringMatching(/^(\/[0-9A-Za-z_.-]{1,20}){1,4}(\/Role=[0-9A-Za-z_.-]{1,20})?$/)
    const requests = fc.record({
      fqans: fc.array(fqan, { minLength: 1 }),
      order: fc.option(fc.array(fqan, { minLength: 1 }), { nil: undefined }),
      targets: fc.uniqueArray(fc.stringMatching(/^[a-z0-9.-]{1,30}$/)),
      lifetimeSeconds: fc.option(fc.integer({ min: 1, max: 2147483647 }), { nil: undefined }),
    })
    fc.assert(
      fc.property(requests, asked => {
        const read = parseRestQuery(buildRestRequest(asked, 'h', 1).target, 'vo')
        expect(read.commands.map(command => command.text)).toEqual(asked.fqans.map(commandText))
        expect(read.order).toEqual(asked.order === undefined ? undefined : parseOrder(asked.order.join(',')))
        expect(read).toMatchObject({ targets: asked.targets, lifetimeSeconds: asked.lifetimeSeconds })
        expect(read.unknownParameters).toBe(false)
      }),
    )
  })
})
