import type { ChainPolicy, ReasonCode, TrustSnapshot } from '../../native-free/proxy/types.ts'
import { createAuthenticator } from '../authenticate/authenticate.ts'
import { sentenceFor } from '../authenticate/reasonSentences.ts'
import type { Clock } from '../clock.ts'
import type { CheckedCertificate } from './checkCredentials.ts'
import type { CheckFinding } from './finding.ts'

/** Told elsewhere: dates with the certificates, an empty trust directory with its findings. */
const TOLD: ReadonlySet<ReasonCode> = new Set(['EEC_EXPIRED', 'EEC_NOT_YET_VALID', 'TRUST_NOT_LOADED'])

/**
 * Whether this server's own certificates would pass with whoever has the same trust directory: judged by the code
 * that judges clients.
 */
export function checkServerChains(
  certificates: readonly CheckedCertificate[],
  snapshot: TrustSnapshot,
  policy: ChainPolicy,
  clock: Clock,
): CheckFinding[] {
  if (snapshot.cas.length === 0) return []
  const authenticator = createAuthenticator(
    // Clients take the intermediates that a server sends, and a host certificate need not be for clients.
    { policy: { ...policy, allowSentIntermediates: true, requireClientAuthEku: false } },
    { snapshot: () => snapshot, clock },
  )
  return certificates.flatMap(({ place, certificate, intermediates }): CheckFinding[] => {
    const sent = [certificate, ...intermediates].map(({ der }) => der)
    const verdict = authenticator.authenticate(sent, false)
    if (verdict.accepted || TOLD.has(verdict.reason)) return []
    return [
      {
        area: 'credentials',
        level: 'error',
        place,
        what: `would not be accepted with this trust directory: ${sentenceFor(verdict)} (${verdict.reason})`,
        advice: adviceFor(verdict.reason),
      },
    ]
  })
}

function adviceFor(reason: ReasonCode): string {
  if (reason === 'REVOKED') return 'get a new certificate and key'
  if (reason.startsWith('CRL_') || reason.startsWith('NAMESPACE_')) {
    return 'mend the CRLs and policies of its CA in the trust directory'
  }
  return 'install its CA in the trust directory, or use a certificate of a CA that is there'
}
