import { bytesEqual } from '../bytes/equal.ts'
import type { Certificate } from '../x509/certificate.ts'
import { checkKeyStrength } from './checkStrength.ts'
import { keyIdRank } from './findPath.ts'
import { isIssuerPlusOneCn, isProxyKind, kindOf } from './kindOf.ts'
import { refuseChain } from './refuseChain.ts'
import type { SignatureQuestion } from './signatureQuestion.ts'
import type { ChainPolicy, ChainRefusal, ChainVerdict, TrustSnapshot } from './types.ts'

/** Issuers tried at one step where several sent certificates have the name. */
const MAX_CANDIDATES = 4
/** The same over the whole chain. */
const MAX_TRIES = 32

/** A leaf, the proxies above it and the EEC at their end. */
export interface DiscoveredChain {
  readonly eec: Certificate
  /** From the one the EEC signed down to the leaf. */
  readonly proxies: readonly Certificate[]
  /** Links where only one issuer came into question: to be verified when all else has passed. */
  readonly unproven: readonly SignatureQuestion[]
}

export interface Discovery {
  /** What the client sent, without doubles. */
  readonly sent: readonly Certificate[]
  readonly snapshot: TrustSnapshot
  readonly policy: ChainPolicy
  /** The rest of validation, for one way up to an EEC. */
  readonly judge: (chain: DiscoveredChain) => Generator<SignatureQuestion, ChainVerdict, boolean>
}

interface State extends Discovery {
  tries: number
}

/**
 * Follows issuer names from the leaf to an EEC through the sent certificates, wherever they stand in the list; where
 * several have the name, the signature decides, and of several that verify (a renewed EEC with the same key) the
 * first that passes everything. Certificates off this path are inert. Yields signatures to verify.
 */
export function* discoverProxies(
  leaf: Certificate,
  discovery: Discovery,
): Generator<SignatureQuestion, ChainVerdict, boolean> {
  return yield* follow(leaf, { eec: leaf, proxies: [], unproven: [] }, { ...discovery, tries: MAX_TRIES })
}

/** `below.proxies` are those under `current`; `below.eec` has no meaning until one is found. */
function* follow(
  current: Certificate,
  below: DiscoveredChain,
  state: State,
): Generator<SignatureQuestion, ChainVerdict, boolean> {
  const kind = kindOf(current)
  if (kind === 'ca') return refuseChain('EEC_IS_CA', 'the leaf is a CA certificate', current)
  if (!isProxyKind(kind)) return yield* state.judge({ ...below, eec: current })
  if (!isIssuerPlusOneCn(current)) {
    return refuseChain('PROXY_NAME', 'subject is not the issuer plus one CN', current)
  }
  if (below.proxies.length >= state.policy.maxProxyDepth) {
    return refuseChain('PROXY_DEPTH', `more than ${state.policy.maxProxyDepth} proxies`, current)
  }
  const candidates = issuersOf(current, state)
  const proxies = [current, ...below.proxies]
  if (candidates.length === 1 && !candidates[0]!.isCa) {
    const issuer = candidates[0]!.certificate
    const unproven = [...below.unproven, { child: current, issuer }]
    return yield* follow(issuer, { ...below, proxies, unproven }, state)
  }
  return yield* tryEach(current, candidates, { ...below, proxies }, state)
}

function* tryEach(
  current: Certificate,
  candidates: readonly Candidate[],
  below: DiscoveredChain,
  state: State,
): Generator<SignatureQuestion, ChainVerdict, boolean> {
  if (candidates.length === 0) {
    return refuseChain('PROXY_ISSUER_NOT_FOUND', 'the certificate that signed it was not sent', current)
  }
  let refusal: ChainRefusal | undefined
  for (const { certificate, isCa } of candidates.slice(0, MAX_CANDIDATES)) {
    // Verifying under an oversized key is what the limit is there to prevent.
    const unusable = checkKeyStrength(certificate, 0, state.policy)
    if (unusable !== undefined) {
      refusal = unusable
      continue
    }
    if (state.tries-- <= 0) break
    if (!(yield { child: current, issuer: certificate })) continue
    if (isCa) {
      refusal = refuseChain('PROXY_ISSUER_IS_CA', 'signed by a CA', current)
      continue
    }
    const verdict = yield* follow(certificate, below, state)
    if (verdict.accepted) return verdict
    refusal = verdict
  }
  return refusal ?? refuseChain('SIGNATURE_INVALID', 'no sent certificate of its issuer verifies it', current)
}

interface Candidate {
  readonly certificate: Certificate
  readonly isCa: boolean
}

/**
 * Sent certificates with the issuer's name, and installed CAs, to give the right reason. None can be below already:
 * every step up has one RDN less.
 */
function issuersOf(current: Certificate, state: State): Candidate[] {
  const name = current.issuer.canonical
  const installed = state.snapshot.casBySubject(name).map(ca => ca.certificate)
  const isInstalled = (one: Certificate) => installed.some(ca => bytesEqual(ca.der, one.der))
  const sent = state.sent.filter(one => one.subject.canonical === name && !isInstalled(one))
  return [
    ...sent.map(certificate => ({ certificate, isCa: kindOf(certificate) === 'ca' })),
    ...installed.map(certificate => ({ certificate, isCa: true })),
  ].sort((a, b) => keyIdRank(a.certificate, current) - keyIdRank(b.certificate, current))
}
