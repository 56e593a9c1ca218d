import { bytesEqual } from '../bytes/equal.ts'
import type { Certificate } from '../x509/certificate.ts'
import { type CaPath, isSelfIssued, type PathCa } from './caPath.ts'
import { checkKeyStrength, checkSignatureAlgorithm } from './checkStrength.ts'
import { refuseChain } from './refuseChain.ts'
import type { SignatureQuestion } from './signatureQuestion.ts'
import type { ChainPolicy, ChainRefusal, TrustSnapshot } from './types.ts'

/** CAs of one path. Real paths have one to three. */
const MAX_CAS = 8
/** CA keys tried for one chain, over all branches and EECs. */
const MAX_TRIES = 64
/** Of these, CAs that the client sent while they may not be used: enough to say what is missing. */
const MAX_TRIES_FOR_ADVICE = 8
/** CAs sent by the client that are tried as issuer of one certificate. */
const MAX_SENT_CANDIDATES = 4

/** What one chain may still cost; shared by all its searches. */
export interface TryBudget {
  tries: number
  sentTries: number
}

export function newTryBudget({ allowSentIntermediates }: ChainPolicy): TryBudget {
  return { tries: MAX_TRIES, sentTries: allowSentIntermediates ? MAX_TRIES : MAX_TRIES_FOR_ADVICE }
}

export interface PathSearch {
  readonly snapshot: TrustSnapshot
  /** CA certificates that the client sent. */
  readonly sentCas: readonly Certificate[]
  readonly policy: ChainPolicy
  readonly budget: TryBudget
}

/** What a complete path is worth: `done` ends the search, otherwise it goes on. */
export type JudgePath = (path: CaPath) => 'done' | 'go on'

interface State extends PathSearch {
  readonly judge: JudgePath
  deadEnd: ChainRefusal | undefined
  complete: number
}

/**
 * Climbs from an EEC to the anchors by issuer name, depth first, installed CAs before sent ones; the key identifier
 * only orders, the signature decides. A path is complete at a self-issued CA of the snapshot, whose own signature is
 * not verified; with partialChain also at an installed CA above which none is complete. Each complete path goes to
 * `judge`. Gives back the dead end when no path was complete. Yields signatures to verify.
 */
export function* findPath(
  eec: Certificate,
  search: PathSearch,
  judge: JudgePath,
): Generator<SignatureQuestion, ChainRefusal | undefined, boolean> {
  const state: State = { ...search, judge, deadEnd: undefined, complete: 0 }
  yield* climb(eec, [], state)
  if (state.complete > 0) return undefined
  return state.deadEnd ?? refuseChain('UNKNOWN_CA', 'no complete path', eec)
}

function* climb(
  child: Certificate,
  below: CaPath,
  state: State,
): Generator<SignatureQuestion, 'done' | 'go on', boolean> {
  const hopeless =
    below.length === MAX_CAS
      ? refuseChain('UNKNOWN_CA', `more than ${MAX_CAS} CAs`, child)
      : checkSignatureAlgorithm(child)
  if (hopeless !== undefined) {
    state.deadEnd ??= hopeless
    return 'go on'
  }
  const candidates = issuersOf(child, below, state)
  let verified = false
  let weak: ChainRefusal | undefined
  for (const candidate of candidates) {
    if (!takeTry(candidate, state.budget)) break
    const tooWeak = checkKeyStrength(candidate.certificate, state.policy.minRsaBits, state.policy)
    weak ??= tooWeak
    // Verifying under an oversized key is what the limit is there to prevent.
    if (tooWeak !== undefined || !(yield { child, issuer: candidate.certificate })) continue
    verified = true
    if ((yield* continueFrom(candidate, [...below, candidate], state)) === 'done') return 'done'
  }
  if (!verified) state.deadEnd ??= weak ?? deadEndAt(child, candidates.length)
  return 'go on'
}

function* continueFrom(
  ca: PathCa,
  path: CaPath,
  state: State,
): Generator<SignatureQuestion, 'done' | 'go on', boolean> {
  if (ca.trusted !== undefined && isSelfIssued(ca.certificate)) return complete(path, state)
  const before = state.complete
  if ((yield* climb(ca.certificate, path, state)) === 'done') return 'done'
  const isEnd = state.policy.partialChain && ca.trusted !== undefined && state.complete === before
  return isEnd ? complete(path, state) : 'go on'
}

function complete(path: CaPath, state: State): 'done' | 'go on' {
  state.complete++
  return state.judge(path)
}

function deadEndAt(child: Certificate, candidates: number): ChainRefusal {
  return candidates === 0
    ? refuseChain('UNKNOWN_CA', 'no certificate of its issuer', child)
    : refuseChain('SIGNATURE_INVALID', 'no key of its issuer verifies it', child)
}

function takeTry(candidate: PathCa, budget: TryBudget): boolean {
  if (candidate.trusted === undefined && budget.sentTries-- <= 0) return false
  return budget.tries-- > 0
}

/** Certificates with the name of the child's issuer that are not on the path already, the likeliest first. */
function issuersOf(child: Certificate, below: CaPath, { snapshot, sentCas }: State): PathCa[] {
  const name = child.issuer.canonical
  const installed = snapshot
    .casBySubject(name)
    .map((trusted): PathCa => ({ certificate: trusted.certificate, trusted }))
  const sent = sentCas
    .filter(ca => ca.subject.canonical === name && !includes(installed, ca))
    .map((certificate): PathCa => ({ certificate, trusted: undefined }))
  const likeliest = (candidates: PathCa[]) =>
    candidates
      .filter(({ certificate }) => !includes(below, certificate) && certificate !== child)
      .sort((a, b) => keyIdRank(a.certificate, child) - keyIdRank(b.certificate, child))
  return [...likeliest(installed), ...likeliest(sent).slice(0, MAX_SENT_CANDIDATES)]
}

function includes(path: CaPath, certificate: Certificate): boolean {
  return path.some(one => one.certificate === certificate || bytesEqual(one.certificate.der, certificate.der))
}

/** 0 when the key identifiers say issuer, 2 when they say another key, 1 when they say nothing. */
export function keyIdRank(issuer: Certificate, child: Certificate): number {
  const wanted = child.authorityKeyIdentifier
  const has = issuer.subjectKeyIdentifier
  if (wanted === undefined || has === undefined) return 1
  return bytesEqual(wanted, has) ? 0 : 2
}
