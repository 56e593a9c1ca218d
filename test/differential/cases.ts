import { ATTRIBUTES_GROUP, longFqans } from '../interop/dump.ts'
import type { UserName } from '../interop/world.ts'
import type { LegacyRequest } from './legacyClient.ts'
import type { Outcome } from './outcome.ts'

export interface DifferentialCase {
  readonly name: string
  readonly user: UserName
  readonly request: LegacyRequest
  /** Ask with a proxy that carries an AC with the FQANs of this request, made by the peer. */
  readonly carrying?: LegacyRequest
}

/** A case in which the two are meant to differ: why, and what ours answers. */
export interface KnownDifference extends DifferentialCase {
  readonly reason: string
  readonly ours: Partial<Outcome>
}

const HOUR = '3600'
const ask = (...commands: string[]): LegacyRequest => ({ commands, lifetime: HOUR, base64: true })
const test0 = (name: string, request: LegacyRequest): DifferentialCase => ({ name, user: 'test0', request })
const command = (...commands: string[]) => test0(commands.join(', '), ask(...commands))
const lifetime = (value: string) =>
  test0(`lifetime "${value}"`, { commands: ['G/vo.0'], lifetime: value, base64: true })

const G1 = '/vo.0/G1'
const G2 = '/vo.0/G2'

/** Where both answer the same. */
export const sameCases: readonly DifferentialCase[] = [
  ...['G/vo.0', 'G/vo.0/G1', 'G/vo.0/G2/G3', 'B/vo.0/G1:R1', 'A', 'N', 'Gall', 'Ball'].map(text =>
    command(text),
  ),
  // A slash after the letter: the letter no longer counts.
  ...['G/vo.0/G1/Role=R1', 'G/vo.0/G1:R1', 'X/vo.0/G2', 'A/vo.0', 'G//'].map(text => command(text)),
  command('G/vo.0/G2', 'B/vo.0/G1:R1'),
  command('B/vo.0/G2:R1', 'B/vo.0/G1:R1', 'G/vo.0/G2/G3'),
  command('A', 'G/vo.0/G2'),
  command('N', 'G/vo.0'),
  command('G/vo.0', 'N'),
  test0('in-house encoding of an AC', { commands: ['A'], lifetime: HOUR }),
  test0('in-house encoding of a list', { commands: ['N'], lifetime: HOUR }),
  test0('in-house encoding beside an error', { commands: ['G/vo.0/nope'], lifetime: HOUR }),
  // Not held, not there, not a command.
  ...['G/vo.0/nope', 'G/vo.0/g1', 'G/vo.1', 'B/vo.0/G1:nope', 'B/vo.0/G1:R2', 'RVO-Admin'].map(text =>
    command(text),
  ),
  ...['G/vo.0/$', 'S', 'M', 'L', 'Z', 'G', 'all', 'R1', ''].map(text => command(text)),
  command('B/vo.0/G1:R1', 'B/vo.0/G1:nope'),
  command('G/vo.0/nope', 'B/vo.0/G1:R1'),
  // Order.
  ...[`${G2},${G1}`, `${G2}/Role=R1`, `${G2}:R1,${G2}`, `/vo.0/nope,${G2}`, '/vo.0/nope', G2].map(order =>
    test0(`A, order ${order}`, { ...ask('A'), order }),
  ),
  test0('a role that is only in the order', { ...ask(`G${G1}`), order: `${G2}:R1` }),
  test0('order instead of the request', { ...ask(`B${G1}:R1`), order: G2 }),
  // Lifetimes.
  ...['1', ' 60', '60x', '86400', '86401', '99999999999', '-5'].map(lifetime),
  // People.
  ...(['test1', 'test2', 'test3', 'parenthesis', 'otherCa'] as const).map(user => ({
    name: `everything for ${user}`,
    user,
    request: ask('A'),
  })),
  { name: 'unknown, with a warning before it', user: 'test3', request: { ...ask('A'), lifetime: '999999' } },
  {
    name: 'suspended, with a warning before it',
    user: 'test2',
    request: { ...ask('A'), lifetime: '999999' },
  },
  { name: 'the VO itself not held', user: 'test3', request: ask('G/vo.0') },
  // Generic attributes.
  ...['A', 'G/vo.0', `B${ATTRIBUTES_GROUP}:R2`].map(text => ({
    name: `attributes, ${text}`,
    user: 'attributes' as const,
    request: ask(text),
  })),
  // Long names.
  { name: 'long names, everything', user: 'longNames', request: ask('A') },
  ...longFqans.map(({ length, group, role }) => ({
    name: `FQAN of ${length} characters`,
    user: 'longNames' as const,
    request: ask(`B${group}:${role}`),
  })),
  // The subset rule.
  { ...command(`G${G2}`), name: 'within the AC that the client carries', carrying: ask('G/vo.0') },
  { ...command('A'), name: 'everything, carrying a role', carrying: ask(`B${G1}:R1`) },
]

const GROUPS = ['/vo.0', G1, G2, `${G2}/G3`]
const BOTH_ROLES = [`${G1}/Role=R1`, `${G2}/Role=R1`]
const MAXIMUM = 86_400

const NO_LIFETIME = 'no lifetime asked for means the maximum, and not an AC that ends as it begins'
const NULL_ROLE = 'NULL parts are taken for what they stand for in issued FQANs'

/** Where they differ on purpose. Also a reader's list of what a change of server changes. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    ...command('RR1'),
    reason: 'a role-only request is put in order: its roles first, no warning',
    ours: { kind: 'issued', items: [], first: BOTH_ROLES[0], fqans: [...GROUPS, ...BOTH_ROLES].sort() },
  },
  ...['0', '', 'x'].map(value => ({
    ...lifetime(value),
    reason: NO_LIFETIME,
    ours: { kind: 'issued', lifetimeSeconds: MAXIMUM } as const,
  })),
  {
    ...test0('no lifetime element', { commands: ['G/vo.0'], base64: true }),
    reason: NO_LIFETIME,
    ours: { kind: 'issued', lifetimeSeconds: MAXIMUM },
  },
  {
    ...test0('targets', { ...ask('G/vo.0'), targets: 'a.example' }),
    reason: "targets are issued; the peer's build gives no answer",
    ours: { kind: 'issued', fqans: GROUPS },
  },
  {
    ...command('B/vo.0/g1:r1'),
    reason: 'FQANs are compared with regard to case, roles too',
    ours: { kind: 'refused', items: ['1001 vo.0: Unable to satisfy B/vo.0/g1:r1 request!'] },
  },
  {
    ...command('G/'),
    reason: 'answered as "all" instead of not at all',
    ours: { kind: 'issued', fqans: [...GROUPS, ...BOTH_ROLES].sort() },
  },
  {
    ...command('R/Role=R1'),
    reason: 'answered instead of not at all',
    ours: { kind: 'issued', first: BOTH_ROLES[0] },
  },
  {
    ...test0('no command', ask()),
    reason: 'answered instead of not at all',
    ours: { kind: 'refused' },
  },
  {
    ...command(`G${G1} `),
    reason: 'blanks around a value do not count',
    ours: { kind: 'issued', first: G1, fqans: GROUPS },
  },
  {
    ...command('B/vo.0/G1:R1/Capability=NULL'),
    reason: NULL_ROLE,
    ours: { kind: 'issued', first: BOTH_ROLES[0] },
  },
  {
    ...command(`B${G1}:R1`),
    name: 'beyond the AC that the client carries',
    carrying: ask('G/vo.0'),
    reason: 'once the subset rule has taken what was asked for first, the rest stands in ascending order',
    ours: {
      ...{ kind: 'issued', first: '/vo.0', fqans: GROUPS },
      items: ['3 vo.0 : your certificate already contains attributes, only a subset of them can be issued.'],
    },
  },
  ...['G/vo.0/G1/Role=NULL', 'G/vo.0/G1/Role=NULL/Capability=NULL', 'B/vo.0/G1:NULL'].map(text => ({
    ...command(text),
    reason: NULL_ROLE,
    ours: { kind: 'issued', first: G1, fqans: GROUPS } as const,
  })),
  {
    name: 'expired certificate',
    user: 'expired',
    request: ask('A'),
    reason: 'a refused certificate is told why, after the handshake instead of by its failure',
    ours: { kind: 'refused' },
  },
  {
    name: 'certificate of an untrusted CA',
    user: 'untrustedCa',
    request: ask('A'),
    reason: 'a refused certificate is told why, after the handshake instead of by its failure',
    ours: { kind: 'refused' },
  },
  {
    name: 'revoked certificate',
    user: 'revoked',
    request: ask('A'),
    reason: 'certificates revoked by their CA are refused',
    ours: { kind: 'refused' },
  },
]
