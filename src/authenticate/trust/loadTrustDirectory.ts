import type { PolicyFile, TrustedCa, TrustedCrl, TrustSnapshot } from '../../../native-free/proxy/types.ts'
import type { Clock } from '../../clock.ts'
import type { Finding } from './finding.ts'
import { type CrlJudgement, type JudgedCrl, judgeCrls } from './judgeCrls.ts'
import { readTrustSlots, type TrustReading } from './readTrustSlots.ts'
import { stateFindings } from './stateFindings.ts'
import { NO_MEMORY, type TrustMemory, type TrustSlot } from './trustMemory.ts'
import type { CaObject, CrlObject } from './trustObject.ts'
import { createTrustSnapshot, EMPTY_SNAPSHOT } from './trustSnapshot.ts'

/** A CRL of a snapshot with the file it came from. */
export interface LoadedCrl {
  readonly file: string
  /** Canonical name of the issuer. */
  readonly issuer: string
  readonly trusted: TrustedCrl
}

/** The outcome of reading a trust directory, whole or refused; the argument of the next reading. */
export interface TrustLoad {
  readonly snapshot: TrustSnapshot
  readonly crls: readonly LoadedCrl[]
  /** What is wrong, file by file; of a refused load, too. */
  readonly findings: readonly Finding[]
  /** Whether `snapshot` is another one than before. */
  readonly changed: boolean
  /** The directory could not be listed, or lost all its CAs: everything of the load before stays. */
  readonly refused: boolean
  /** A file was being written: read again soon. */
  readonly unsettled: boolean
  /** Files whose former object stands in for them, which ends with time: read again at the next poll. */
  readonly standIns: number
  /** CAs with a CRL file that cannot be used and has no stand-in. */
  readonly unreadableCrls: number
  readonly memory: TrustMemory
}

export const NOTHING_LOADED: TrustLoad = {
  snapshot: EMPTY_SNAPSHOT,
  crls: [],
  findings: [],
  changed: false,
  refused: false,
  unsettled: false,
  standIns: 0,
  unreadableCrls: 0,
  memory: NO_MEMORY,
}

/**
 * Reads a trust directory (certificates, CRLs and policies under both styles of name hash) into a complete new
 * snapshot. Damage to one file is a finding and touches only its CA; nothing is thrown. Does not block the event
 * loop for longer than a few milliseconds at a time. `previous` is NOTHING_LOADED at first.
 */
export async function loadTrustDirectory(
  folder: string,
  previous: TrustLoad,
  { clock }: { readonly clock: Clock },
): Promise<TrustLoad> {
  const now = clock.now()
  let reading: TrustReading
  try {
    reading = await readTrustSlots(folder, previous.memory, now)
  } catch (cause) {
    const what = `the trust directory cannot be read: ${(cause as Error).message}`
    const advice = 'check that it exists and that the service user may read it'
    return refuse(previous, { code: 'directory-unreadable', level: 'error', file: folder, what, advice })
  }
  const caSlots = distinctCas(reading.slots)
  if (caSlots.length === 0) {
    const what = 'the trust directory holds no usable CA certificate'
    const advice = 'install the CA certificates under their hash names'
    return refuse(previous, { code: 'no-ca', level: 'error', file: folder, what, advice }, reading)
  }
  const cas = caSlots.map(({ object }) => object)
  const judgement = await judgeCrls(reading.slots, cas, previous.memory, now)
  return assemble(previous, reading, caSlots, judgement, now)
}

function assemble(
  previous: TrustLoad,
  reading: TrustReading,
  caSlots: readonly CaSlot[],
  judgement: CrlJudgement,
  now: number,
): TrustLoad {
  const policies = policiesByName(reading.slots)
  const cas = caSlots.map(({ object }) => trustedCa(object, policies))
  const crls = loadedCrls(judgement.crls)
  const unreadable = namesWithUnreadableCrl(caSlots, judgement.crls)
  const slots = withStandIns(reading.slots, judgement.crls)
  const memory = remember(slots, reading.parsed, judgement)
  const changed = memory.contentKey !== previous.memory.contentKey
  const parts = {
    generation: previous.snapshot.generation + 1,
    cas,
    crls: crls.map(({ issuer, trusted }) => [issuer, trusted] as const),
    unreadable,
  }
  const timely = stateFindings(
    caSlots.map(({ file }, index) => [file.name, cas[index]!] as const),
    judgement.crls,
    now,
  )
  return {
    snapshot: changed ? createTrustSnapshot(parts) : previous.snapshot,
    crls,
    findings: [...reading.findings, ...judgement.findings, ...timely],
    changed,
    refused: false,
    unsettled: reading.unsettled,
    standIns: slots.filter(({ standsIn }) => standsIn).length,
    unreadableCrls: unreadable.size,
    memory,
  }
}

function refuse(previous: TrustLoad, finding: Finding, reading?: TrustReading): TrustLoad {
  return {
    ...previous,
    changed: false,
    refused: true,
    unsettled: reading?.unsettled ?? false,
    findings: [finding, ...(reading?.findings ?? [])],
  }
}

type CaSlot = TrustSlot & { readonly object: CaObject }

/** Each certificate once, though it is filed under two hashes. */
function distinctCas(slots: readonly TrustSlot[]): CaSlot[] {
  const byFingerprint = new Map<string, CaSlot>()
  for (const slot of slots) {
    if (slot.object?.kind !== 'ca' || byFingerprint.has(slot.object.fingerprint)) continue
    byFingerprint.set(slot.object.fingerprint, slot as CaSlot)
  }
  return [...byFingerprint.values()]
}

type Policy = PolicyFile | 'bad'

/** Policies by file name. A file that is there and cannot be read counts as bad. */
function policiesByName(slots: readonly TrustSlot[]): Map<string, Policy> {
  const policies = new Map<string, Policy>()
  for (const { file, object } of slots) {
    if (file.kind !== 'signing_policy' && file.kind !== 'namespaces') continue
    policies.set(file.name, object?.kind === 'policy' ? object.policy : 'bad')
  }
  return policies
}

function trustedCa(ca: CaObject, policies: ReadonlyMap<string, Policy>): TrustedCa {
  const { certificate, fingerprint, spkiFingerprint, hashes } = ca
  const [current, old] = hashes
  const policy = (kind: string) => policies.get(`${current}.${kind}`) ?? policies.get(`${old}.${kind}`)
  return Object.freeze({
    certificate,
    fingerprint,
    spkiFingerprint,
    signingPolicy: policy('signing_policy'),
    namespaces: policy('namespaces'),
  })
}

/** Each CRL once, though it is filed under two hashes. */
function loadedCrls(judged: readonly JudgedCrl[]): LoadedCrl[] {
  const seen = new Set<CrlObject>()
  return judged.flatMap(({ slot: { file, object }, verifiedBy }) => {
    if (object?.kind !== 'crl' || seen.has(object)) return []
    seen.add(object)
    const { crl } = object
    return { file: file.name, issuer: crl.issuer.canonical, trusted: trustedCrl(object, verifiedBy) }
  })
}

function trustedCrl({ crl }: CrlObject, verifiedBy: ReadonlySet<string>): TrustedCrl {
  return Object.freeze({
    thisUpdate: crl.thisUpdate,
    nextUpdate: crl.nextUpdate,
    number: crl.number,
    signatureAlgorithmOid: crl.signatureAlgorithm.oid,
    verifiedBy,
    unsupported: crl.unsupported,
    onlyUserCerts: crl.onlyUserCerts,
    onlyCaCerts: crl.onlyCaCerts,
    distributionPoint: crl.distributionPoint,
    isListed: (serial: Uint8Array) => crl.isListed(serial),
  })
}

/** Canonical names of the CAs that have a CRL file, under either hash, with nothing usable in it. */
function namesWithUnreadableCrl(cas: readonly CaSlot[], judged: readonly JudgedCrl[]): Set<string> {
  const files = judged.filter(({ slot }) => slot.object === undefined)
  const hashes = new Set(files.map(({ slot }) => slot.file.hash))
  const under = cas.filter(({ object }) => object.hashes.some(hash => hashes.has(hash)))
  return new Set(under.map(({ object }) => object.certificate.subject.canonical))
}

/** The slots with those that CRL judgement put in another's place. */
function withStandIns(slots: readonly TrustSlot[], judged: readonly JudgedCrl[]): TrustSlot[] {
  const byName = new Map(judged.map(({ slot }) => [slot.file.name, slot]))
  return slots.map(slot => byName.get(slot.file.name) ?? slot)
}

function remember(
  slots: readonly TrustSlot[],
  read: TrustMemory['parsed'],
  { crls, newestCrls }: CrlJudgement,
): TrustMemory {
  const unverified = new Set(
    crls.filter(({ verifiedBy }) => verifiedBy.size === 0).map(({ slot }) => slot.file.name),
  )
  const good = slots.filter(({ file, object }) => {
    if (object === undefined || unverified.has(file.name)) return false
    return object.kind !== 'policy' || object.policy !== 'bad'
  })
  const parsed = new Map(read)
  for (const { file, digest, object } of good) parsed.set(`${file.kind}:${digest}`, object!)
  return {
    parsed,
    good: new Map(good.map(slot => [slot.file.name, slot])),
    newestCrls,
    contentKey: slots.map(({ file, digest }) => `${file.name}=${digest}`).join('\n'),
  }
}
