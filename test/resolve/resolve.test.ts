import { describe, expect, it } from 'vitest'
import type { Command, IssueRequest, OrderEntry, Warning } from '../../native-free/wire/types.ts'
import { resolve } from '../../src/resolve/resolve.ts'
import type { DirectoryAttribute, Holding, Lookup } from '../../src/resolve/types.ts'

const NOW = Date.UTC(2026, 0, 1) / 1000
const OPTIONS = {
  vo: 'vo.0',
  uri: 'voms.example.org:15000',
  fqanForm: 'short',
  maxLifetimeSeconds: 86_400,
} as const

const group = (path: string): Command => ({ kind: 'group', group: path, text: `G${path}` })
const role = (name: string): Command => ({ kind: 'role', role: name, text: `R${name}` })
const groupRole = (path: string, name: string): Command => ({
  kind: 'groupRole',
  group: path,
  role: name,
  text: `B${path}:${name}`,
})
const ALL: Command = { kind: 'all', text: 'A' }
const LIST: Command = { kind: 'list', text: 'N' }

const holding = (path: string, held?: string, more: Partial<Holding> = {}): Holding => ({
  group: path,
  role: held,
  optional: false,
  endsAt: undefined,
  ...more,
})

const TEST0 = [
  holding('/vo.0'),
  holding('/vo.0/G1'),
  holding('/vo.0/G1', 'R1'),
  holding('/vo.0/G2'),
  holding('/vo.0/G2', 'R1'),
  holding('/vo.0/G2/G3'),
]

interface Case {
  holdings?: readonly Holding[]
  attributes?: readonly DirectoryAttribute[]
  commands?: readonly Command[]
  order?: readonly OrderEntry[]
  lifetimeSeconds?: number
  unknownParameters?: boolean
  carried?: readonly string[]
  fqanForm?: 'long' | 'short'
  issuerSecondsLeft?: number
  lookup?: Lookup
}

function run(c: Case) {
  const request: IssueRequest = {
    protocol: 'rest',
    commands: c.commands ?? [group('/vo.0')],
    order: c.order,
    targets: [],
    lifetimeSeconds: c.lifetimeSeconds,
    base64: true,
    unknownParameters: c.unknownParameters ?? false,
  }
  const member = { id: '1', holdings: c.holdings ?? TEST0, attributes: c.attributes ?? [] }
  const lookup = c.lookup ?? { kind: 'member', member }
  const options = { ...OPTIONS, fqanForm: c.fqanForm ?? OPTIONS.fqanForm }
  const warnings: Warning[] = []
  const left = c.issuerSecondsLeft ?? 10_000_000
  return { ...resolve(lookup, request, new Set(c.carried), options, NOW, left, warnings), warnings }
}

const GROUPS = ['/vo.0', '/vo.0/G1', '/vo.0/G2', '/vo.0/G2/G3']

describe('what each request is granted, and in which order', () => {
  const rows: readonly [string, Case, readonly string[], number | undefined][] = [
    ['the VO: every group', {}, GROUPS, undefined],
    [
      'a role in a group comes first, all groups follow',
      { commands: [groupRole('/vo.0/G1', 'R1')] },
      ['/vo.0/G1/Role=R1', ...GROUPS],
      undefined,
    ],
    [
      'two roles keep the request order',
      { commands: [groupRole('/vo.0/G2', 'R1'), groupRole('/vo.0/G1', 'R1')] },
      ['/vo.0/G2/Role=R1', '/vo.0/G1/Role=R1', ...GROUPS],
      undefined,
    ],
    [
      'role and group in request order',
      { commands: [groupRole('/vo.0/G1', 'R1'), group('/vo.0/G2')] },
      ['/vo.0/G1/Role=R1', '/vo.0/G2', '/vo.0', '/vo.0/G1', '/vo.0/G2/G3'],
      undefined,
    ],
    [
      'a role alone: in every group where it is held, these first',
      { commands: [role('R1')] },
      ['/vo.0/G1/Role=R1', '/vo.0/G2/Role=R1', ...GROUPS],
      undefined,
    ],
    [
      'all: plain ascending, roles included, no warning',
      { commands: [ALL] },
      ['/vo.0', '/vo.0/G1', '/vo.0/G1/Role=R1', '/vo.0/G2', '/vo.0/G2/G3', '/vo.0/G2/Role=R1'],
      undefined,
    ],
    [
      'an order replaces the request order',
      {
        order: [
          { group: '/vo.0/G2', role: undefined },
          { group: '/vo.0/G1', role: undefined },
        ],
      },
      ['/vo.0/G2', '/vo.0/G1', '/vo.0', '/vo.0/G2/G3'],
      undefined,
    ],
    [
      'an order that cannot come first is warned about',
      { commands: [group('/vo.0/G1')], order: [{ group: '/vo.0/nope', role: undefined }] },
      GROUPS,
      1,
    ],
    [
      'a role that stands only in the order is not issued',
      { order: [{ group: '/vo.0/G1', role: 'R1' }] },
      GROUPS,
      1,
    ],
    ['a group named twice comes once', { commands: [group('/vo.0'), group('/vo.0')] }, GROUPS, undefined],
  ]
  it.each(rows)('%s', (_name, c, fqans, warning) => {
    const resolution = run(c)
    expect(resolution.fqans).toEqual(fqans)
    expect(resolution.warnings.map(w => w.number)).toEqual(warning === undefined ? [] : [warning])
  })

  it('writes long forms where the VO does', () => {
    const { fqans } = run({ commands: [groupRole('/vo.0/G1', 'R1')], fqanForm: 'long' })
    expect(fqans.slice(0, 2)).toEqual(['/vo.0/G1/Role=R1/Capability=NULL', '/vo.0/Role=NULL/Capability=NULL'])
  })

  it('names the FQAN that is first although another was to be', () => {
    const { warnings } = run({ order: [{ group: '/vo.0/G1', role: 'nope' }] })
    expect(warnings).toEqual([{ number: 1, message: 'FQAN: /vo.0 is not the first selected!\n' }])
  })

  it('lists as text, ascending, without attributes', () => {
    const attributes = [
      { scope: 'member', group: undefined, role: undefined, name: 'n', value: 'v' },
    ] as const
    const resolution = run({ commands: [LIST], attributes })
    expect(resolution.listOnly).toBe(true)
    expect(resolution.fqans[2]).toBe('/vo.0/G1/Role=R1')
    expect(resolution.attributes).toEqual([])
  })

  it('makes an AC when list is not the first command', () => {
    expect(run({ commands: [group('/vo.0'), LIST] }).listOnly).toBe(false)
  })
})

describe('refusals', () => {
  const rows: readonly [string, Case, string][] = [
    ['a group that is not held', { commands: [group('/vo.0/G9')] }, 'unsatisfiable'],
    ['a group in another case', { commands: [group('/vo.0/g1')] }, 'unsatisfiable'],
    ['a role that is not held in that group', { commands: [groupRole('/vo.0', 'R1')] }, 'unsatisfiable'],
    ['a role held nowhere', { commands: [role('R9')] }, 'unsatisfiable'],
    [
      'one command of several',
      { commands: [group('/vo.0'), groupRole('/vo.0/G1', 'nope')] },
      'unsatisfiable',
    ],
    ['the VO itself is not held', { holdings: [holding('/vo.0/G1')] }, 'no-such-user'],
    ['all, of one who holds nothing', { holdings: [], commands: [ALL] }, 'unsatisfiable'],
    ['a command nobody can satisfy', { commands: [{ kind: 'unsatisfiable', text: 'Sx' }] }, 'unsatisfiable'],
    ['unknown', { lookup: { kind: 'unknown' } }, 'no-such-user'],
    ['ambiguous', { lookup: { kind: 'ambiguous', memberIds: ['1', '2'] } }, 'ambiguous-user'],
    ['suspended', { lookup: { kind: 'suspended', memberId: '1', reason: undefined } }, 'suspended'],
    [
      'a group of another VO, whatever the database says',
      { holdings: [holding('/cms')], commands: [group('/cms')] },
      'unsatisfiable',
    ],
    [
      'a group that only begins like the VO',
      { holdings: [holding('/vo.01')], commands: [group('/vo.01')] },
      'unsatisfiable',
    ],
    [
      'a holding that has ended',
      {
        holdings: [holding('/vo.0'), holding('/vo.0/G1', undefined, { endsAt: NOW })],
        commands: [group('/vo.0/G1')],
      },
      'unsatisfiable',
    ],
    ['nothing left of what is carried', { carried: ['/vo.0/G9'] }, 'nothing-left'],
  ]
  it.each(rows)('%s', (_name, c, code) => {
    expect(() => run(c)).toThrow(expect.objectContaining({ code }))
  })
})

it('warns even where an error follows', () => {
  const warnings: Warning[] = []
  const request: IssueRequest = {
    protocol: 'rest',
    commands: [group('/vo.0')],
    order: undefined,
    targets: [],
    lifetimeSeconds: 86_401,
    base64: true,
    unknownParameters: true,
  }
  expect(() => resolve({ kind: 'unknown' }, request, new Set(), OPTIONS, NOW, 10_000_000, warnings)).toThrow()
  expect(warnings.map(w => w.number)).toEqual([4, 2])
})

describe('foreign and ended holdings', () => {
  it('are left out of what every request brings', () => {
    const holdings = [...TEST0, holding('/cms'), holding('/vo.0/old', undefined, { endsAt: NOW - 1 })]
    expect(run({ holdings }).fqans).toEqual(GROUPS)
  })

  it('are left out where no AC can carry their name', () => {
    const odd = ['/vo.0/two words', '/vo.0/näme', '/vo.0/a=b', '/vo.0//x', '/vo.0/'].map(path =>
      holding(path),
    )
    const holdings = [...TEST0, ...odd, holding('/vo.0', 'a b'), holding('/vo.0', '')]
    expect(run({ holdings, commands: [ALL] }).fqans).toEqual(run({ commands: [ALL] }).fqans)
  })

  it('count up to the second before their end', () => {
    const holdings = [holding('/vo.0'), holding('/vo.0/G1', undefined, { endsAt: NOW + 1 })]
    expect(run({ holdings }).fqans).toEqual(['/vo.0', '/vo.0/G1'])
  })
})

describe('optional groups', () => {
  const holdings = [
    holding('/vo.0'),
    holding('/vo.0/opt', undefined, { optional: true }),
    holding('/vo.0/opt', 'R', { optional: true }),
  ]
  const rows: readonly [string, readonly Command[], readonly string[]][] = [
    ['are not issued unasked', [group('/vo.0')], ['/vo.0']],
    ['are not part of all', [ALL], ['/vo.0']],
    ['are issued when named', [group('/vo.0/opt')], ['/vo.0/opt', '/vo.0']],
    ['lend their roles when asked', [groupRole('/vo.0/opt', 'R')], ['/vo.0/opt/Role=R', '/vo.0']],
  ]
  it.each(rows)('%s', (_name, commands, fqans) => {
    expect(run({ holdings, commands }).fqans).toEqual(fqans)
  })
})

describe('lifetime', () => {
  const rows: readonly [string, Case, number, boolean][] = [
    ['as asked', { lifetimeSeconds: 3600 }, 3600, false],
    ['the maximum when nothing was asked', {}, 86_400, false],
    ['exactly the maximum', { lifetimeSeconds: 86_400 }, 86_400, false],
    ['shortened, with a warning', { lifetimeSeconds: 86_401 }, 86_400, true],
    [
      'never beyond the AC issuer, with a warning',
      { lifetimeSeconds: 3600, issuerSecondsLeft: 100 },
      100,
      true,
    ],
    [
      'nothing, and no warning, after the end of the AC issuer',
      { lifetimeSeconds: 3600, issuerSecondsLeft: -5 },
      -5,
      false,
    ],
    ['never beyond the AC issuer, silently when nothing was asked', { issuerSecondsLeft: 100 }, 100, false],
  ]
  it.each(rows)('%s', (_name, c, seconds, warned) => {
    const resolution = run(c)
    expect(resolution.lifetimeSeconds).toBe(seconds)
    const message = `voms.example.org:15000: The validity of this VOMS AC in your proxy is shortened to ${seconds} seconds!`
    expect(resolution.warnings).toEqual(warned ? [{ number: 2, message }] : [])
  })
})

describe('generic attributes', () => {
  const attributes: readonly DirectoryAttribute[] = [
    { scope: 'member', group: undefined, role: undefined, name: 'nick', value: 'zoe' },
    { scope: 'group', group: '/vo.0/G1', role: undefined, name: 'area', value: 'one' },
    { scope: 'group', group: '/vo.0/G9', role: undefined, name: 'area', value: 'nine' },
    { scope: 'role', group: '/vo.0/G1', role: 'R1', name: 'shift', value: 'a' },
    { scope: 'role', group: '/vo.0/G2', role: 'R1', name: 'shift', value: 'b' },
  ]
  const nick = { name: 'nick', value: 'zoe', qualifier: 'vo.0' }
  const area = { name: 'area', value: 'one', qualifier: '/vo.0/G1' }
  const shift1 = { name: 'shift', value: 'a', qualifier: '/vo.0/G1/Role=R1' }
  const shift2 = { name: 'shift', value: 'b', qualifier: '/vo.0/G2/Role=R1' }
  const rows = [
    ['a group brings the member’s own and those of all groups', [group('/vo.0')], [area, nick]],
    ['a role brings its own too', [groupRole('/vo.0/G1', 'R1')], [shift1, area, nick]],
    ['a role alone brings those of each group where it is held', [role('R1')], [shift1, area, shift2, nick]],
    ['all brings all', [ALL], [shift1, area, shift2, nick]],
  ] as const
  it.each(rows)('%s', (_name, commands, expected) => {
    expect(run({ attributes, commands }).attributes).toEqual(expected)
  })

  it('of a group come only to its plain members', () => {
    const holdings = [holding('/vo.0'), holding('/vo.0/G1', 'R1')]
    expect(run({ holdings, attributes }).attributes).toEqual([nick])
  })
})

describe('the subset rule', () => {
  const attributes: readonly DirectoryAttribute[] = [
    { scope: 'member', group: undefined, role: undefined, name: 'nick', value: 'zoe' },
    { scope: 'group', group: '/vo.0/G1', role: undefined, name: 'area', value: 'one' },
  ]

  it('keeps only what is carried, in order, and warns', () => {
    const resolution = run({ carried: ['/vo.0/G2', '/vo.0'], attributes })
    expect(resolution.fqans).toEqual(['/vo.0', '/vo.0/G2'])
    expect(resolution.attributes.map(a => a.name)).toEqual(['nick'])
    expect(resolution.warnings).toEqual([
      {
        number: 3,
        message: 'vo.0 : your certificate already contains attributes, only a subset of them can be issued.',
      },
    ])
  })

  it('says nothing when all that is asked is carried', () => {
    expect(run({ carried: [...GROUPS, '/vo.0/G1/Role=R1'] }).warnings).toEqual([])
  })

  it('judges the order before anything is taken away', () => {
    const resolution = run({ commands: [groupRole('/vo.0/G1', 'R1')], carried: GROUPS })
    expect(resolution.fqans).toEqual(GROUPS)
    expect(resolution.warnings.map(w => w.number)).toEqual([3])
  })

  it('compares short forms, so that a VO of long forms keeps its attributes', () => {
    const resolution = run({ carried: ['/vo.0/G1'], attributes, fqanForm: 'long' })
    expect(resolution.fqans).toEqual(['/vo.0/G1/Role=NULL/Capability=NULL'])
    expect(resolution.attributes.map(a => a.name)).toEqual(['area', 'nick'])
  })
})
