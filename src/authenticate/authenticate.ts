import { runSync, type SignatureQuestion } from '../../native-free/proxy/signatureQuestion.ts'
import type { ChainPolicy, ChainVerdict, TrustSnapshot } from '../../native-free/proxy/types.ts'
import { validateChain } from '../../native-free/proxy/validateChain.ts'
import type { Clock } from '../clock.ts'
import { CACHE_LIMITS, type CacheFigures, type CacheLimits } from './cacheLimits.ts'
import { CertificateCache } from './certificateCache.ts'
import { EecVerdictCache } from './eecVerdictCache.ts'
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
   * anything a peer can send. Of the very same list, as a kept connection has it, a verdict is good for the second in
   * which it was reached: within it no time check can come out another way.
   */
  authenticate(sent: readonly Uint8Array[], sessionReused: boolean): ChainVerdict
  /** For metrics, by cache name. */
  cacheFigures(): Readonly<Record<'certificates' | 'links' | 'eecVerdicts', CacheFigures>>
}

/** A verdict, and when and under which snapshot it was reached. */
interface Judged {
  readonly verdict: ChainVerdict
  readonly snapshot: TrustSnapshot | undefined
  readonly at: number
}

/** Makes the authenticator of one policy, with caches of its own. */
export function createAuthenticator(options: AuthenticatorOptions, deps: AuthenticatorDeps): Authenticator {
  const { policy, cacheLimits = CACHE_LIMITS } = options
  const { clock } = deps
  const certificates = new CertificateCache(cacheLimits)
  const links = new LinkCache(certificates, cacheLimits)
  const verdicts = new EecVerdictCache(certificates, clock, cacheLimits)
  const judged = new WeakMap<readonly Uint8Array[], Judged>()

  function authenticate(sent: readonly Uint8Array[], sessionReused: boolean): ChainVerdict {
    const snapshot = deps.snapshot()
    const now = clock.now()
    const before = sessionReused ? undefined : judged.get(sent)
    if (before !== undefined && before.at === now && before.snapshot === snapshot) return before.verdict
    const eecVerdicts = verdicts.under(snapshot)
    const parse = (der: Uint8Array) => certificates.parse(der)
    const rules = validateChain({ sent, sessionReused, snapshot, policy, now, parse, eecVerdicts })
    const verdict = runSync(rules, question => links.verify(question, isInstalled(question, snapshot)))
    if (verdict.accepted) certificates.keepMember(verdict.eec)
    judged.set(sent, { verdict, snapshot, at: now })
    return verdict
  }

  return {
    authenticate,
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
