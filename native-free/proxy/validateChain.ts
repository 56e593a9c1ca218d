import { bytesEqual } from '../bytes/equal.ts'
import { Refusal } from '../refusal.ts'
import type { Certificate } from '../x509/certificate.ts'
import { parseCertificate } from '../x509/parseCertificate.ts'
import { checkClientPurpose, checkEec } from './checkEec.ts'
import { checkProxyLinks } from './checkProxyLinks.ts'
import { type DiscoveredChain, discoverProxies } from './discoverProxies.ts'
import { newTryBudget, type PathSearch } from './findPath.ts'
import { type EecVerdict, judgeEec } from './judgeEec.ts'
import { kindOf } from './kindOf.ts'
import { refuseChain } from './refuseChain.ts'
import type { SignatureQuestion } from './signatureQuestion.ts'
import type { ChainPolicy, ChainRefusal, ChainVerdict, TrustSnapshot } from './types.ts'

export interface ChainInput {
  /** DER certificates as the client sent them, leaf first. */
  readonly sent: readonly Uint8Array[]
  /** A resumed TLS session has only the leaf. */
  readonly sessionReused: boolean
  /** undefined: no trust anchors have been loaded yet. */
  readonly snapshot: TrustSnapshot | undefined
  readonly policy: ChainPolicy
  /** Seconds since the epoch. */
  readonly now: number
  /** In place of parseCertificate: from a cache. Throws Refusal as it does. */
  readonly parse?: (der: Uint8Array) => Certificate
  /** Remembers what judgeEec said, for one generation of the snapshot and one policy. */
  readonly eecVerdicts?: EecVerdictStore
}

/** Only reusable verdicts are offered to `set`; times are checked again after `get`. */
export interface EecVerdictStore {
  get(eec: Certificate): EecVerdict | undefined
  set(eec: Certificate, verdict: EecVerdict): void
}

/**
 * Validates a client's certificate chain: RFC 3820 proxies up to an EEC, RFC 5280 from there to a trust anchor, with
 * namespaces and CRLs. The identity is the EEC of the validated path and nothing else. Yields the signatures to
 * verify, so that the caller decides how: see runSync and runAsync. Cheap checks come before any signature, and the
 * EEC's signature before those of proxies, which anybody can make at no cost.
 */
export function* validateChain(input: ChainInput): Generator<SignatureQuestion, ChainVerdict, boolean> {
  const { snapshot, policy } = input
  if (input.sent.length === 0) return refuseChain('NO_CLIENT_CERT', 'no certificate was sent')
  if (input.sessionReused) return refuseChain('SESSION_RESUMED', 'a resumed session has no chain')
  if (input.sent.length > policy.maxSentCerts) {
    return refuseChain('CHAIN_TOO_LONG', `${input.sent.length} certificates were sent`)
  }
  if (snapshot === undefined || snapshot.cas.length === 0) {
    return refuseChain('TRUST_NOT_LOADED', 'no trust anchors are loaded')
  }
  const sent = parseAll(input)
  if ('reason' in sent) return sent
  const search: PathSearch = {
    snapshot,
    policy,
    sentCas: sent.slice(1).filter(one => kindOf(one) === 'ca'),
    budget: newTryBudget(policy),
  }
  const judge = (chain: DiscoveredChain) => judgeChain(chain, search, input)
  return yield* discoverProxies(sent[0]!, { sent, snapshot, policy, judge })
}

/** Without byte-equal doubles; what cannot be parsed is dropped, unless it is the leaf. */
function parseAll({ sent, parse = parseCertificate }: ChainInput): readonly Certificate[] | ChainRefusal {
  const certificates: Certificate[] = []
  for (const [index, der] of sent.entries()) {
    if (certificates.some(one => bytesEqual(one.der, der))) continue
    try {
      certificates.push(parse(der))
    } catch (cause) {
      if (!(cause instanceof Refusal)) throw cause
      if (index === 0) return refuseChain('BAD_ENCODING', `${cause.code}: ${cause.message}`)
    }
  }
  return certificates
}

function* judgeChain(
  { eec, proxies, unproven }: DiscoveredChain,
  search: PathSearch,
  input: ChainInput,
): Generator<SignatureQuestion, ChainVerdict, boolean> {
  const { policy, now } = input
  const links = checkProxyLinks(proxies, policy, now)
  if (!links.accepted) return links
  const refusal = checkEec(eec, policy, now) ?? checkClientPurpose([eec, ...proxies], policy)
  if (refusal !== undefined) return refusal
  const anchored = yield* rememberedVerdict(eec, search, input)
  if (!anchored.accepted) return anchored.refusal
  for (const link of unproven) {
    if (!(yield link)) return refuseChain('SIGNATURE_INVALID', 'its issuer did not sign it', link.child)
  }
  const { cas, wouldRefuse } = anchored
  const validUntil = Math.min(...[eec, ...proxies, ...cas].map(one => one.notAfter))
  return { accepted: true, eec, proxies, cas, limited: links.limited, validUntil, wouldRefuse }
}

function* rememberedVerdict(
  eec: Certificate,
  search: PathSearch,
  { eecVerdicts, now }: ChainInput,
): Generator<SignatureQuestion, EecVerdict, boolean> {
  const kept = eecVerdicts?.get(eec)
  if (kept !== undefined && isTimely(kept, now)) return kept
  const verdict = yield* judgeEec(eec, search, now)
  if (verdict.reusable) eecVerdicts?.set(eec, verdict)
  return verdict
}

/** Time is checked on every use: of the CRLs, and of the CAs at both ends. */
function isTimely(verdict: EecVerdict, now: number): boolean {
  if (!verdict.accepted) return true
  return now <= verdict.usableUntil && verdict.cas.every(ca => ca.notBefore <= now && now <= ca.notAfter)
}
