import { toHex } from '../../../native-free/bytes/hex.ts'
import { CRL_FUTURE_SKEW_SECONDS, isNewer } from '../../../native-free/revocation/selectCrl.ts'
import { KEY_USAGE } from '../../../native-free/x509/certificate.ts'
import type { Crl } from '../../../native-free/x509/crl.ts'
import type { Finding, FindingCode } from './finding.ts'
import { type CrlAge, isUsable, type TrustMemory, type TrustSlot } from './trustMemory.ts'
import type { CaObject, CrlObject } from './trustObject.ts'
import { crlAlgorithmStrength, verifyCrlSignature } from './verifyCrlSignature.ts'

/** Far more than there are CAs; a CA that mints scopes without end must not fill memory. */
const MAX_REMEMBERED = 10_000

/** A CRL slot with the keys that verify its object: SPKI fingerprints, none when there is no object. */
export interface JudgedCrl {
  readonly slot: TrustSlot
  readonly verifiedBy: ReadonlySet<string>
}

export interface CrlJudgement {
  readonly crls: readonly JudgedCrl[]
  readonly newestCrls: ReadonlyMap<string, CrlAge>
  readonly findings: readonly Finding[]
}

/**
 * Verifies each CRL with the keys of the CAs of its issuer's name, and holds it against the newest one ever seen of
 * that key. A CRL that no key verifies, or that is older than what was known, gives way to the former CRL of its
 * file name while that is usable at `now`. Signatures are checked on the thread pool, each pair once ever.
 */
export async function judgeCrls(
  slots: readonly TrustSlot[],
  cas: readonly CaObject[],
  memory: TrustMemory,
  now: number,
): Promise<CrlJudgement> {
  const judge = new CrlJudge(cas, memory, now)
  const crls: JudgedCrl[] = []
  for (const slot of slots) if (slot.file.kind === 'crl') crls.push(await judge.judge(slot))
  return { crls, newestCrls: newest(memory.newestCrls, crls, now), findings: judge.findings }
}

class CrlJudge {
  readonly findings: Finding[] = []
  private readonly casByName: Map<string, CaObject[]>
  private readonly memory: TrustMemory
  private readonly now: number
  private readonly taken: ReadonlySet<unknown>

  constructor(cas: readonly CaObject[], memory: TrustMemory, now: number) {
    this.casByName = Map.groupBy(cas, ca => ca.certificate.subject.canonical)
    this.memory = memory
    this.now = now
    this.taken = new Set([...memory.good.values()].map(({ object }) => object))
  }

  async judge(slot: TrustSlot): Promise<JudgedCrl> {
    const { object } = slot
    if (object?.kind !== 'crl') return { slot, verifiedBy: new Set() }
    const cas = this.casByName.get(object.crl.issuer.canonical)
    if (cas === undefined) {
      const advice = 'remove it, or install the CA'
      this.report('warning', slot, 'crl-without-ca', 'is of a CA that is not installed', advice)
      return { slot, verifiedBy: new Set() }
    }
    const verifiedBy = await keysThatVerify(object, cas)
    if (verifiedBy.size === 0) return this.unverified(slot, object)
    if (this.isRollback(object, verifiedBy)) return this.rolledBack(slot)
    this.remark(slot, object)
    return { slot, verifiedBy }
  }

  private async unverified(slot: TrustSlot, { crl }: CrlObject): Promise<JudgedCrl> {
    const refused = crlAlgorithmStrength(crl) === 'refused'
    const what = refused
      ? `is signed with an algorithm that is not accepted (${crl.signatureAlgorithm.oid})`
      : 'is not signed by the CA of this name that is installed'
    const code = refused ? 'crl-weak-signature' : 'crl-signature'
    const advice = refused ? 'ask the CA for CRLs signed with SHA-256' : 'fetch the CRL again'
    const former = await this.former(slot)
    if (former === undefined) {
      this.report('error', slot, code, `${what}; users of this CA are refused`, advice)
      return { slot, verifiedBy: new Set() }
    }
    this.report('warning', slot, code, `${what}; the CRL before it stays in use`, advice)
    return former
  }

  private async rolledBack(slot: TrustSlot): Promise<JudgedCrl> {
    const what = 'is older than the CRL that was in use'
    const advice = 'fetch the CRL again; to go back on purpose, restart the service'
    const former = await this.former(slot)
    if (former !== undefined) {
      this.report('warning', slot, 'crl-rollback', `${what}; the newer one stays in use`, advice)
      return former
    }
    this.report('error', slot, 'crl-rollback', `${what} and is not taken`, advice)
    return { slot: { ...slot, object: undefined, digest: '' }, verifiedBy: new Set() }
  }

  /** The former CRL of this file name, when it is usable and a CA that is installed now verifies it. */
  private async former(slot: TrustSlot): Promise<JudgedCrl | undefined> {
    const former = this.memory.good.get(slot.file.name)
    if (former?.object?.kind !== 'crl' || former.object === slot.object) return undefined
    if (!isUsable(former.object, this.now)) return undefined
    const cas = this.casByName.get(former.object.crl.issuer.canonical) ?? []
    const verifiedBy = await keysThatVerify(former.object, cas)
    return verifiedBy.size === 0 ? undefined : { slot: { ...former, standsIn: true }, verifiedBy }
  }

  /** Older than what its keys have signed before; what the last load took is no rollback. */
  private isRollback(object: CrlObject, verifiedBy: ReadonlySet<string>): boolean {
    if (this.taken.has(object)) return false
    return [...verifiedBy].some(key => {
      const known = this.memory.newestCrls.get(scopeKey(key, object.crl))
      return known !== undefined && isOlderInAll(object.crl, known)
    })
  }

  private remark(slot: TrustSlot, { crl }: CrlObject): void {
    if (crlAlgorithmStrength(crl) === 'sha1') {
      const advice = 'ask the CA for CRLs signed with SHA-256'
      this.report('warning', slot, 'crl-weak-signature', 'is signed with SHA-1', advice)
    }
    if (crl.unsupported !== undefined) {
      const advice = 'ask the CA for a complete CRL at another address'
      this.report('error', slot, 'crl-unsupported', `is not used: ${crl.unsupported}`, advice)
    }
  }

  private report(
    level: Finding['level'],
    { file }: TrustSlot,
    code: FindingCode,
    what: string,
    advice: string,
  ): void {
    this.findings.push({ code, level, file: file.name, what, advice })
  }
}

async function keysThatVerify({ crl, verified }: CrlObject, cas: readonly CaObject[]): Promise<Set<string>> {
  const keys = new Set<string>()
  for (const { certificate, spkiFingerprint } of cas) {
    const usage = certificate.keyUsage
    if (usage !== undefined && (usage & KEY_USAGE.cRLSign) === 0) continue
    const known = verified.get(spkiFingerprint)
    const good = known ?? (await verifyCrlSignature(crl, certificate.spki))
    verified.set(spkiFingerprint, good)
    if (good) keys.add(spkiFingerprint)
  }
  return keys
}

function newest(
  before: ReadonlyMap<string, CrlAge>,
  crls: readonly JudgedCrl[],
  now: number,
): ReadonlyMap<string, CrlAge> {
  const ages = new Map(before)
  for (const { slot, verifiedBy } of crls) {
    if (slot.object?.kind !== 'crl') continue
    const { crl } = slot.object
    // A date from the future, once believed, would shut out every CRL until then.
    if (crl.thisUpdate > now + CRL_FUTURE_SKEW_SECONDS) continue
    for (const key of verifiedBy) {
      const scope = scopeKey(key, crl)
      const known = ages.get(scope)
      if (known !== undefined && !isNewer(crl, known)) continue
      ages.set(scope, { number: crl.number, thisUpdate: crl.thisUpdate })
    }
  }
  for (const scope of ages.keys()) {
    if (ages.size <= MAX_REMEMBERED) break
    ages.delete(scope)
  }
  return ages
}

/** CRLs of different scope (partitions, deltas) are numbered side by side. */
function scopeKey(key: string, crl: Crl): string {
  const point = crl.distributionPoint?.map(toHex).join(',') ?? ''
  return [key, crl.onlyUserCerts, crl.onlyCaCerts, crl.unsupported ?? '', point].join('|')
}

function isOlderInAll(crl: CrlAge, known: CrlAge): boolean {
  const lower = crl.number === undefined || known.number === undefined || crl.number < known.number
  return lower && crl.thisUpdate < known.thisUpdate
}
