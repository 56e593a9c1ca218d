import type { ChainPolicy, ReasonCode, TrustSnapshot } from '../../native-free/proxy/types.ts'
import { CA, CA_DN, DAY, DEFAULT_POLICY, NOW, YEAR } from '../authenticate/chainWorld.ts'
import { memoryTrust } from '../fakes/memoryTrust.ts'
import { createCa } from '../pki/createCa.ts'
import { type CrlOptions, createCrl } from '../pki/createCrl.ts'
import { appendRdn, type NameInput } from '../pki/distinguishedName.ts'
import { basicConstraints, extendedKeyUsage, keyUsage, type Usage } from '../pki/extensions.ts'
import { type Credential, issueCertificate } from '../pki/issueCertificate.ts'
import { newKey, type TestKey } from '../pki/keys.ts'
import type { Moment } from '../pki/moment.ts'
import { signingPolicyText } from '../pki/policyText.ts'
import { rfcProxyCertInfo } from '../pki/proxyCertInfo.ts'
import type { SignatureScheme } from '../pki/sign.ts'

/** What can be said of one certificate of the chain; a fault changes some of it. */
interface CertificateSpec {
  readonly from: Moment
  readonly until: Moment
  readonly version: 1 | 3
  readonly key: TestKey
  /** Instead of the issuer's key. */
  readonly signer: TestKey | undefined
  readonly scheme: SignatureScheme
  readonly usages: readonly Usage[]
  readonly ca: boolean
  readonly purposes: readonly string[]
  readonly name: NameInput
  /** Of a proxy: its proxyCertInfo. */
  readonly info: readonly Uint8Array[]
  /** Further extensions; those of two faults add up. */
  readonly more: readonly Uint8Array[]
  readonly revoked: boolean
  readonly pathLength: number | undefined
}

/** The chain: root, intermediate, EEC, and two proxies below it; and everything around it. */
export interface ChainSpec {
  readonly sub: CertificateSpec
  readonly eec: CertificateSpec
  readonly p1: CertificateSpec
  readonly p2: CertificateSpec
  readonly list: {
    readonly withoutEec: boolean
    readonly withoutAll: boolean
    readonly strangers: number
    readonly resumed: boolean
  }
  readonly trust: {
    readonly isLoaded: boolean
    readonly withoutRoot: boolean
    readonly isSubInstalled: boolean
    readonly rootPathLength: number | undefined
    /** The policy file of the intermediate; undefined: none. */
    readonly policy: string | undefined
    readonly crl: Partial<CrlOptions> | undefined
  }
  readonly policy: Partial<ChainPolicy>
}

/** One thing wrong. `set`: fields of ChainSpec by their path, such as `eec.until`. */
export interface Fault {
  readonly name: string
  readonly code: ReasonCode
  readonly set: Readonly<Record<string, unknown>>
}

const SUB_DN = '/C=IT/O=G/CN=Sub'
const [SUB_KEY, EEC_KEY, P1_KEY, P2_KEY] = [newKey(), newKey(), newKey(), newKey()]
const STRANGERS = Array.from({ length: 40 }, (_, n) => createCa({ subject: `/CN=Stranger ${n}`, ...YEAR }))

const SOUND: CertificateSpec = {
  ...YEAR,
  version: 3,
  key: EEC_KEY,
  signer: undefined,
  scheme: 'sha256',
  usages: ['digitalSignature', 'keyEncipherment'],
  ca: false,
  purposes: [],
  name: '/C=IT/O=G/CN=u',
  info: [],
  more: [],
  revoked: false,
  pathLength: undefined,
}
const PROXY: CertificateSpec = { ...SOUND, ...DAY, info: [rfcProxyCertInfo({ language: 'inheritAll' })] }

const SOUND_CHAIN: ChainSpec = {
  sub: { ...SOUND, key: SUB_KEY, usages: ['keyCertSign', 'cRLSign'], ca: true, name: SUB_DN },
  eec: SOUND,
  p1: { ...PROXY, key: P1_KEY, name: [{ type: 'CN', value: '1' }] },
  p2: { ...PROXY, key: P2_KEY, name: [{ type: 'CN', value: '2' }] },
  list: { withoutEec: false, withoutAll: false, strangers: 0, resumed: false },
  trust: {
    isLoaded: true,
    withoutRoot: false,
    isSubInstalled: true,
    rootPathLength: undefined,
    policy: signingPolicyText(SUB_DN, ['/C=IT/O=G/*']),
    crl: {},
  },
  policy: {},
}

/** The chain with these faults, or undefined when two of them want different things of one field. */
export function specWith(faults: readonly Fault[]): ChainSpec | undefined {
  const spec = structuredCopy(SOUND_CHAIN)
  const taken = new Set<string>()
  for (const [path, value] of faults.flatMap(({ set }) => Object.entries(set))) {
    const [part, field] = path.split('.') as [string, string]
    const fields = spec[part]!
    if (field === 'more') fields[field] = [...(fields[field] as Uint8Array[]), ...(value as Uint8Array[])]
    else if (taken.has(path) && fields[field] !== value) return undefined
    else fields[field] = value
    taken.add(path)
  }
  return spec as unknown as ChainSpec
}

function structuredCopy(spec: ChainSpec): Record<string, Record<string, unknown>> {
  return Object.fromEntries(Object.entries(spec).map(([part, fields]) => [part, { ...fields }]))
}

/** What the client sends, and what it is judged by. */
export interface MadeChain {
  readonly sent: readonly Uint8Array[]
  readonly resumed: boolean
  readonly snapshot: TrustSnapshot | undefined
  readonly policy: ChainPolicy
  readonly eec: Credential
  readonly now: number
}

export async function makeChain(spec: ChainSpec): Promise<MadeChain> {
  const { list, trust } = spec
  const root = createCa({
    subject: CA_DN,
    key: CA.key,
    ...YEAR,
    ...(trust.rootPathLength === undefined ? {} : { pathLength: trust.rootPathLength }),
  })
  const sub = issue(spec.sub, root)
  const eec = issue(spec.eec, sub)
  const p1 = issueBelow(spec.p1, eec)
  const p2 = issueBelow(spec.p2, p1)
  const chain = [p2, p1, ...(list.withoutEec ? [] : [eec]), ...STRANGERS.slice(0, list.strangers)]
  return {
    sent: list.withoutAll ? [] : chain.map(({ der }) => der),
    resumed: list.resumed,
    snapshot: trust.isLoaded ? await snapshotOf(spec, root, sub, eec) : undefined,
    policy: { ...DEFAULT_POLICY, ...spec.policy },
    eec,
    now: NOW,
  }
}

function issue(spec: CertificateSpec, issuer: Credential): Credential {
  const { from, until, version, key, signer, scheme, name } = spec
  return issueCertificate({
    subject: name,
    key,
    issuer,
    from,
    until,
    version,
    scheme,
    ...(signer === undefined ? {} : { signer }),
    extensions: [
      ...(spec.info.length > 0 && !spec.ca ? [] : [basicConstraints(spec.ca, spec.pathLength)]),
      keyUsage(spec.usages),
      ...(spec.purposes.length === 0 ? [] : [extendedKeyUsage(spec.purposes)]),
      ...spec.info,
      ...spec.more,
    ],
  })
}

/** A proxy: its own name, unless that is a whole one, comes after its issuer's. */
function issueBelow(spec: CertificateSpec, issuer: Credential): Credential {
  const { name } = spec
  const below =
    typeof name === 'string' || name instanceof Uint8Array ? name : appendRdn(issuer.subject, ...name.flat())
  return issue({ ...spec, name: below }, issuer)
}

function snapshotOf({ trust, ...spec }: ChainSpec, root: Credential, sub: Credential, eec: Credential) {
  const crl = (ca: Credential, revoked: readonly Credential[]) =>
    createCrl(ca, { thisUpdate: YEAR.from, nextUpdate: YEAR.until, number: 1, revoked, ...trust.crl }).der
  const listed = (one: Credential, isListed: boolean) => (isListed ? [one] : [])
  const crls =
    trust.crl === undefined
      ? [[], []]
      : [[crl(root, listed(sub, spec.sub.revoked))], [crl(sub, listed(eec, spec.eec.revoked))]]
  return memoryTrust([
    ...(trust.withoutRoot
      ? []
      : [{ ca: root, signingPolicy: signingPolicyText(CA_DN, ['/C=IT/O=G/*']), crls: crls[0]! }]),
    ...(trust.isSubInstalled
      ? [{ ca: sub, crls: crls[1]!, ...(trust.policy === undefined ? {} : { signingPolicy: trust.policy }) }]
      : [{ ca: STRANGERS[0]! }]),
  ])
}
