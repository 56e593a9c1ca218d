import { type AcRequest, THIS_HOST } from './acRequest.ts'
import {
  ATTRIBUTES_GROUP,
  ATTRIBUTES_ROLE,
  attributes,
  type ExpectedAttribute,
  longFqans,
  VO,
} from './dump.ts'

/** Longest lifetime that the servers of these suites give. */
export const MAX_LIFETIME_SECONDS = 86_400

export type Expectation =
  | {
      readonly kind: 'issued'
      /** Short form, in order. */
      readonly fqans: readonly string[]
      readonly warning?: RegExp
      readonly attributes?: readonly ExpectedAttribute[]
      readonly targets?: readonly string[]
      readonly lifetimeSeconds?: number
    }
  | { readonly kind: 'listed'; readonly fqans: readonly string[] }
  | { readonly kind: 'refused'; readonly error: RegExp }

export interface InteropCase {
  readonly name: string
  readonly request: AcRequest
  readonly expect: Expectation
}

const ROOT = `/${VO}`
const [G1, G2, G3] = [`${ROOT}/G1`, `${ROOT}/G2`, `${ROOT}/G2/G3`]
const [R1_IN_G1, R1_IN_G2] = [`${G1}/Role=R1`, `${G2}/Role=R1`]
const GROUPS = [ROOT, G1, G2, G3]

/** Those first, then the rest of test0's groups ascending. */
const first = (...fqans: string[]) => [...fqans, ...GROUPS.filter(group => !fqans.includes(group))]

const issued = (
  fqans: readonly string[],
  more: Omit<Extract<Expectation, { kind: 'issued' }>, 'kind' | 'fqans'> = {},
) => ({ kind: 'issued', fqans, ...more }) as const
const refused = (error: RegExp) => ({ kind: 'refused', error }) as const

const test0 = (...fqans: string[]): AcRequest => ({ user: 'test0', fqans })
const PLAIN = test0('')

const membership: readonly InteropCase[] = [
  { name: 'plain membership', request: PLAIN, expect: issued(GROUPS) },
  { name: 'plain membership, PKCS#12', request: { ...PLAIN, pkcs12: true }, expect: issued(GROUPS) },
  { name: '(Parenthesis)', request: { user: 'parenthesis', fqans: [''] }, expect: issued([ROOT]) },
  { name: 'group', request: test0(G2), expect: issued(first(G2)) },
  { name: 'role in group', request: test0(R1_IN_G1), expect: issued(first(R1_IN_G1)) },
  { name: 'role only', request: test0('/Role=R1'), expect: issued(first(R1_IN_G1, R1_IN_G2)) },
  { name: 'several FQANs', request: test0(R1_IN_G2, G1), expect: issued(first(R1_IN_G2, G1)) },
  { name: 'all', request: test0('all'), expect: issued([ROOT, G1, R1_IN_G1, G2, G3, R1_IN_G2]) },
  {
    name: 'list',
    request: { ...PLAIN, list: true },
    expect: { kind: 'listed', fqans: [ROOT, G1, R1_IN_G1, G2, G3, R1_IN_G2] },
  },
  { name: 'order', request: { ...PLAIN, order: [G2, G1] }, expect: issued(first(G2, G1)) },
]

const options: readonly InteropCase[] = [
  {
    name: 'target, this host',
    request: { ...PLAIN, targets: [THIS_HOST] },
    expect: issued(GROUPS, { targets: [THIS_HOST] }),
  },
  {
    name: 'target, another host',
    request: { ...PLAIN, targets: ['a.example'], verify: false },
    expect: issued(GROUPS, { targets: ['a.example'] }),
  },
  {
    name: 'targets, other hosts',
    request: { ...PLAIN, targets: ['a.example', 'b.example'], verify: false },
    expect: issued(GROUPS, { targets: ['a.example', 'b.example'] }),
  },
  {
    name: 'shorter lifetime',
    request: { ...PLAIN, lifetimeSeconds: 1800 },
    expect: issued(GROUPS, { lifetimeSeconds: 1800 }),
  },
  {
    name: 'longer lifetime than allowed',
    request: { ...PLAIN, lifetimeSeconds: 40 * 3600 },
    expect: issued(GROUPS, {
      lifetimeSeconds: MAX_LIFETIME_SECONDS,
      warning: /The validity of this VOMS AC in your proxy is shortened to 86400 seconds!/,
    }),
  },
  { name: '-rfc', request: { ...PLAIN, proxyType: 'rfc' }, expect: issued(GROUPS) },
  { name: '-old', request: { ...PLAIN, proxyType: 'old' }, expect: issued(GROUPS) },
  { name: '-limited', request: { ...PLAIN, proxyType: 'limited' }, expect: issued(GROUPS) },
  {
    name: 'from a proxy without AC',
    request: { ...test0(R1_IN_G1), from: 'proxy' },
    expect: issued(first(R1_IN_G1)),
  },
  {
    name: 'from a proxy with AC, within it',
    request: { ...test0(G2), from: 'proxyWithAc' },
    expect: issued(first(G2)),
  },
  {
    name: 'from a proxy with AC, beyond it',
    request: { ...test0(R1_IN_G1), from: 'proxyWithAc' },
    expect: issued(GROUPS, { warning: /already contains attributes, only a subset of them can be issued/ }),
  },
]

const names: readonly InteropCase[] = [
  {
    name: 'attributes of all three kinds, one of 255 characters',
    request: { user: 'attributes', fqans: [`${ATTRIBUTES_GROUP}/Role=${ATTRIBUTES_ROLE}`] },
    expect: issued([`${ATTRIBUTES_GROUP}/Role=${ATTRIBUTES_ROLE}`, ROOT, ATTRIBUTES_GROUP], { attributes }),
  },
  ...longFqans.map(({ length, group, role }) => ({
    name: `FQAN of ${length} characters`,
    request: { user: 'longNames', fqans: [`${group}/Role=${role}`] } as const,
    expect: issued([`${group}/Role=${role}`, ROOT, ...longFqans.flatMap(({ groups }) => groups).sort()]),
  })),
]

const refusals: readonly InteropCase[] = [
  {
    name: 'unknown',
    request: { user: 'test3', fqans: [''] },
    expect: refused(/vo\.0: User unknown to this VO\./),
  },
  {
    name: 'suspended',
    request: { user: 'test2', fqans: [''] },
    expect: refused(/User is currently suspended!\s+Suspension reason: Reason unknown/),
  },
  {
    name: 'role not held',
    request: test0(`${G1}/Role=nope`),
    expect: refused(/vo\.0: Unable to satisfy B\/vo\.0\/G1:nope request!/),
  },
  {
    name: 'group not held',
    request: test0(`${ROOT}/nope`),
    expect: refused(/vo\.0: Unable to satisfy G\/vo\.0\/nope request!/),
  },
  {
    name: 'expired certificate',
    request: { user: 'expired', fqans: [''] },
    expect: refused(/vo\.0: Your certificate was not accepted: .*expired/),
  },
  {
    name: 'revoked certificate',
    request: { user: 'revoked', fqans: [''] },
    expect: refused(/vo\.0: Your certificate was not accepted: .*revoked/),
  },
  {
    name: 'untrusted CA',
    request: { user: 'untrustedCa', fqans: [''] },
    expect: refused(/vo\.0: Your certificate was not accepted: .*CA.*trusted/),
  },
  {
    name: 'same subject from another CA',
    request: { user: 'otherCa', fqans: [''] },
    expect: refused(/vo\.0: User unknown to this VO\./),
  },
]

export const interopCases: readonly InteropCase[] = [...membership, ...options, ...names, ...refusals]
