import { runSync, type SignatureQuestion } from '../../native-free/proxy/signatureQuestion.ts'
import type { ChainPolicy, ChainVerdict, TrustSnapshot } from '../../native-free/proxy/types.ts'
import { validateChain } from '../../native-free/proxy/validateChain.ts'
import type { Clock } from '../clock.ts'
import { CACHE_LIMITS, type CacheFigures, type CacheLimits } from './cacheLimits.ts'
import { CertificateCache } from './certificateCache.ts'
import { EecVerdictCache, MAX_VERDICT_SECONDS } from './eecVerdictCache.ts'
import { LinkCache } from './linkCache.ts'

export interface AuthenticatorOptions {
  readonly policy: ChainPolicy
  readonly cacheLimits?: CacheLimits
}

export interface AuthenticatorDeps {
  /** The trust anchors as they are now; asked once per call. undefined: none are loaded yet. */
  snapshot(): TrustSnapshot | undefined
  readonly clock: Clock
}

export interface Authenticator {
  /**
   * Who the peer is, by the certificates it sent (DER, as sent, leaf first); see validateChain. Never throws for
   * anything a peer can send.
   */
  authenticate(sent: readonly Uint8Array[], sessionReused: boolean): ChainVerdict
  /**
   * The same for a further request on a kept connection: `previous` again while it still holds, a new verdict when
   * its time has run out or the trust anchors have changed.
   */
  revalidate(sent: readonly Uint8Array[], previous: ChainVerdict): ChainVerdict
  /** For metrics, by cache name. */
  cacheFigures(): Readonly<Record<'certificates' | 'links' | 'eecVerdicts', CacheFigures>>
}

/** When and under which snapshot a verdict was reached. */
interface Judged {
  readonly generation: number | undefined
  readonly at: number
}

/** Makes the authenticator of one policy, with caches of its own. */
export function createAuthenticator(options: AuthenticatorOptions, deps: AuthenticatorDeps): Authenticator {
  const { policy, cacheLimits = CACHE_LIMITS } = options
  const { clock } = deps
  const certificates = new CertificateCache(cacheLimits)
  const links = new LinkCache(certificates, cacheLimits)
  const verdicts = new EecVerdictCache(certificates, clock, cacheLimits)
  const judged = new WeakMap<ChainVerdict, Judged>()

  function authenticate(sent: readonly Uint8Array[], sessionReused: boolean): ChainVerdict {
    const snapshot = deps.snapshot()
    const now = clock.now()
    const eecVerdicts = verdicts.under(snapshot)
    const parse = (der: Uint8Array) => certificates.parse(der)
    const rules = validateChain({ sent, sessionReused, snapshot, policy, now, parse, eecVerdicts })
    const verdict = runSync(rules, question => links.verify(question, isInstalled(question, snapshot)))
    if (verdict.accepted) certificates.keepMember(verdict.eec)
    judged.set(verdict, { generation: snapshot?.generation, at: now })
    return verdict
  }

  function revalidate(sent: readonly Uint8Array[], previous: ChainVerdict): ChainVerdict {
    return stillHolds(previous) ? previous : authenticate(sent, false)
  }

  function stillHolds(verdict: ChainVerdict): boolean {
    const made = judged.get(verdict)
    if (!verdict.accepted || made === undefined) return false
    const now = clock.now()
    const isRecent = now >= made.at && now < made.at + MAX_VERDICT_SECONDS
    return isRecent && now <= verdict.validUntil && made.generation === deps.snapshot()?.generation
  }

  return {
    authenticate,
    revalidate,
    cacheFigures: () => ({
      certificates: certificates.figures(),
      links: links.figures(),
      eecVerdicts: verdicts.figures(),
    }),
  }
}

function isInstalled({ issuer }: SignatureQuestion, snapshot: TrustSnapshot | undefined): boolean {
  const sameName = snapshot?.casBySubject(issuer.subject.canonical) ?? []
  return sameName.some(ca => ca.certificate === issuer)
}
