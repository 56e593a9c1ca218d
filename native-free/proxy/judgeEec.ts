import { evaluateNamespaces } from '../policy/evaluateNamespaces.ts'
import { checkRevocation } from '../revocation/checkRevocation.ts'
import { crlUsableUntil, selectCrl } from '../revocation/selectCrl.ts'
import type { Certificate } from '../x509/certificate.ts'
import { type CaPath, issuedOn } from './caPath.ts'
import { checkCaPath } from './checkCaPath.ts'
import { findPath, type PathSearch } from './findPath.ts'
import { refuseChain } from './refuseChain.ts'
import type { SignatureQuestion } from './signatureQuestion.ts'
import type { ChainPolicy, ChainRefusal, TrustSnapshot } from './types.ts'

/** What the trust anchors say of one EEC: everything above it, nothing below. */
export type EecVerdict = EecAnchored | EecRefused

export interface EecAnchored {
  readonly accepted: true
  /** From the EEC's issuer up to the anchor. */
  readonly cas: readonly Certificate[]
  /** With enforce=false: what namespaces or CRLs would have refused. */
  readonly wouldRefuse: ChainRefusal | undefined
  /** Seconds: up to here every certificate and CRL that was used stays usable. */
  readonly usableUntil: number
  /** Whether it holds for this EEC under this snapshot and policy, whatever else a client sends with it. */
  readonly reusable: boolean
}

export interface EecRefused {
  readonly accepted: false
  readonly refusal: ChainRefusal
  readonly reusable: boolean
}

/**
 * Finds a path from the EEC to an anchor that passes the rules for CAs (RFC 5280 6.1), the namespaces and the CRLs.
 * Of several complete paths any that passes will do; otherwise the first one's refusal is reported.
 */
export function* judgeEec(
  eec: Certificate,
  search: PathSearch,
  now: number,
): Generator<SignatureQuestion, EecVerdict, boolean> {
  const { snapshot, policy } = search
  let anchored: EecAnchored | undefined
  let refused: EecRefused | undefined
  const deadEnd = yield* findPath(eec, search, path => {
    const hard = checkInstalled(path, policy) ?? checkCaPath(eec, path, policy, now)
    const soft = hard ?? checkPolicies(eec, path, snapshot, policy, now)
    const isPass = soft === undefined || (hard === undefined && !policy.enforce)
    const reusable = path.every(ca => ca.trusted !== undefined)
    if (isPass) {
      const usableUntil = pathUsableUntil(eec, path, snapshot, policy, now)
      const cas = path.map(ca => ca.certificate)
      const verdict: EecAnchored = { accepted: true, cas, wouldRefuse: soft, usableUntil, reusable }
      if (soft === undefined) anchored = verdict
      else anchored ??= verdict
    } else {
      refused ??= { accepted: false, refusal: soft, reusable: reusable && !policy.allowSentIntermediates }
    }
    return soft === undefined ? 'done' : 'go on'
  })
  if (deadEnd !== undefined) return { accepted: false, refusal: deadEnd, reusable: false }
  return anchored ?? refused!
}

function checkInstalled(path: CaPath, policy: ChainPolicy): ChainRefusal | undefined {
  const sent = policy.allowSentIntermediates ? undefined : path.find(ca => ca.trusted === undefined)
  return sent && refuseChain('INTERMEDIATE_NOT_INSTALLED', 'a CA of the path was only sent', sent.certificate)
}

/** What a site decides: namespaces, then CRLs, for every certificate that a CA of the path issued. */
function checkPolicies(
  eec: Certificate,
  path: CaPath,
  snapshot: TrustSnapshot,
  policy: ChainPolicy,
  now: number,
): ChainRefusal | undefined {
  const denial = evaluateNamespaces(eec, path, policy.namespaces)
  if (denial !== undefined) return denial
  for (const { certificate, above } of issuedOn(eec, path)) {
    const revocation = checkRevocation(certificate, crlIssuer(above), snapshot, policy, now)
    if (revocation !== undefined) return refuseChain(revocation.reason, revocation.detail, certificate)
  }
  return undefined
}

/** A CA that is not installed has verified no CRL of the snapshot, so it needs no fingerprint. */
function crlIssuer([issuer]: CaPath) {
  return issuer!.trusted ?? { certificate: issuer!.certificate, spkiFingerprint: '' }
}

function pathUsableUntil(
  eec: Certificate,
  path: CaPath,
  snapshot: TrustSnapshot,
  policy: ChainPolicy,
  now: number,
): number {
  let until = Math.min(eec.notAfter, ...path.map(ca => ca.certificate.notAfter))
  if (policy.crl === 'ignore') return until
  for (const { certificate, above } of issuedOn(eec, path)) {
    const choice = selectCrl(certificate, crlIssuer(above), snapshot, now)
    if (choice.kind === 'crl') until = Math.min(until, crlUsableUntil(choice.crl, policy.crlGraceSeconds))
  }
  return until
}
