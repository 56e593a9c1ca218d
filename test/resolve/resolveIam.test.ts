import { describe, expect, it } from 'vitest'
import type { Command, IssueRequest, OrderEntry, Warning } from '../../native-free/wire/types.ts'
import { resolve } from '../../src/resolve/resolve.ts'
import type { DirectoryAttribute, Holding, Member } from '../../src/resolve/types.ts'

const NOW = Date.UTC(2026, 0, 1) / 1000
const OPTIONS = { vo: 'vo.2', uri: 'h.example:15000', fqanForm: 'short', maxLifetimeSeconds: 43_200 } as const

const group = (path: string): Command => ({ kind: 'group', group: path, text: `G${path}` })
const role = (name: string): Command => ({ kind: 'role', role: name, text: `R${name}` })
const inGroup = (path: string, name: string): Command => ({
  kind: 'groupRole',
  group: path,
  role: name,
  text: `B${path}:${name}`,
})

function held(fqan: string, more: Partial<Holding> = {}): Holding {
  const [path, name] = fqan.split('/Role=')
  return { group: path!, role: name, optional: false, endsAt: undefined, ...more }
}

const TEST0 = [
  held('/vo.2/G2/Role=R1'),
  held('/vo.2/G2/G3'),
  held('/vo.2/G2'),
  held('/vo.2/G1/Role=R1'),
  held('/vo.2/G1'),
  held('/vo.2/Role=R1'),
  held('/vo.2'),
  held('/vo.2/optional', { optional: true }),
]
const GROUPS = ['/vo.2', '/vo.2/G1', '/vo.2/G2', '/vo.2/G2/G3']

function run(
  commands: readonly Command[],
  member: Partial<Member> = {},
  order?: readonly OrderEntry[],
  carried: readonly string[] = [],
) {
  const request: IssueRequest = {
    ...{ protocol: 'rest', commands, order, targets: [], lifetimeSeconds: undefined },
    ...{ base64: true, unknownParameters: false },
  }
  const whole: Member = { id: '7', holdings: TEST0, attributes: [], resolution: 'iam', ...member }
  const warnings: Warning[] = []
  const lookup = { kind: 'member', member: whole } as const
  return { ...resolve(lookup, request, new Set(carried), OPTIONS, NOW, 1e9, warnings), warnings }
}

describe('what IAM grants, in its order', () => {
  const rows: readonly [string, readonly Command[], readonly string[]][] = [
    ['plain membership: groups by name, no roles, nothing optional', [group('/vo.2')], GROUPS],
    [
      'what is asked for first',
      [group('/vo.2/G2'), group('/vo.2')],
      ['/vo.2/G2', '/vo.2', '/vo.2/G1', '/vo.2/G2/G3'],
    ],
    ['a role on request', [inGroup('/vo.2/G1', 'R1')], ['/vo.2/G1/Role=R1', ...GROUPS]],
    ['an optional group on request', [group('/vo.2/optional')], ['/vo.2/optional', ...GROUPS]],
    [
      'each once',
      [inGroup('/vo.2', 'R1'), group('/vo.2/G1'), inGroup('/vo.2', 'R1')],
      ['/vo.2/Role=R1', '/vo.2/G1', '/vo.2', '/vo.2/G2', '/vo.2/G2/G3'],
    ],
    [
      'a role without a group wherever it is held',
      [role('R1')],
      ['/vo.2/G1/Role=R1', '/vo.2/G2/Role=R1', '/vo.2/Role=R1', ...GROUPS],
    ],
  ]
  it.each(rows)('%s', (_name, commands, fqans) => {
    const resolution = run(commands)
    expect(resolution.fqans).toEqual(fqans)
    expect(resolution.warnings).toEqual([])
  })

  it('looks at no order', () => {
    const order = [{ group: '/vo.2/G2', role: undefined }]
    expect(run([group('/vo.2')], {}, order)).toMatchObject({ fqans: GROUPS, warnings: [] })
  })

  it('takes the attributes of the account alone', () => {
    const attributes: readonly DirectoryAttribute[] = [
      { scope: 'member', group: undefined, role: undefined, name: 'nick', value: 'zoe' },
      { scope: 'group', group: '/vo.2/G1', role: undefined, name: 'area', value: 'one' },
      { scope: 'role', group: '/vo.2/G1', role: 'R1', name: 'shift', value: 'a' },
    ]
    expect(run([inGroup('/vo.2/G1', 'R1')], { attributes }).attributes).toEqual([
      { name: 'nick', value: 'zoe', qualifier: 'vo.2' },
    ])
  })

  it('lists groups and roles', () => {
    expect(run([{ kind: 'list', text: 'N' }])).toMatchObject({
      listOnly: true,
      fqans: [
        '/vo.2',
        '/vo.2/G1',
        '/vo.2/G1/Role=R1',
        '/vo.2/G2',
        '/vo.2/G2/G3',
        '/vo.2/G2/Role=R1',
        '/vo.2/Role=R1',
      ],
    })
  })

  it('is held to what the client already carries', () => {
    expect(run([group('/vo.2')], {}, undefined, ['/vo.2/G1']).fqans).toEqual(['/vo.2/G1'])
  })
})

describe('what IAM refuses', () => {
  it.each<[string, readonly Command[], object]>([
    ['a group not held', [group('/vo.2'), group('/vo.2/G9')], { code: 'unsatisfiable' }],
    ['a role of which only the group is held', [inGroup('/vo.2/G2/G3', 'R1')], { code: 'unsatisfiable' }],
    [
      'all',
      [{ kind: 'all', text: 'A' }],
      { code: 'unsatisfiable', parameters: { vo: 'vo.2', command: 'A' } },
    ],
  ])('%s', (_name, commands, error) => {
    expect(() => run(commands)).toThrow(expect.objectContaining(error))
  })

  it('everything, to an account without any group', () => {
    expect(() => run([group('/vo.2')], { holdings: [] })).toThrow(
      expect.objectContaining({ code: 'no-such-user' }),
    )
  })
})

describe('the acceptable use policy', () => {
  it.each<[string, number | undefined, boolean]>([
    ['nothing to sign', undefined, true],
    ['signed', NOW + 1, true],
    ['lapsed', NOW, false],
    ['never signed', 0, false],
  ])('%s', (_name, aupUntil, granted) => {
    const member = aupUntil === undefined ? {} : { aupUntil, name: 'test0' }
    if (granted) expect(run([group('/vo.2')], member).fqans).toEqual(GROUPS)
    else
      expect(() => run([group('/vo.2')], member)).toThrow(
        expect.objectContaining({
          code: 'aup-not-signed',
          parameters: { vo: 'vo.2', name: 'test0', id: '7' },
        }),
      )
  })

  it('is no concern of a VO with the rules of vomsd', () => {
    expect(run([group('/vo.2')], { resolution: 'vomsd', aupUntil: 0 }).fqans.slice(0, 2)).toEqual([
      '/vo.2',
      '/vo.2/G1',
    ])
  })
})
