import type { ChainPolicy } from '../../../native-free/proxy/types.ts'
import { createAuthenticator } from '../../authenticate/authenticate.ts'
import { sentenceFor } from '../../authenticate/reasonSentences.ts'
import { loadTrustDirectory, NOTHING_LOADED } from '../../authenticate/trust/loadTrustDirectory.ts'
import type { Clock } from '../../clock.ts'
import { TABLES } from '../../config/schema.ts'
import { ownVerdict, type Verdict } from './inspection.ts'

/** Whether a list of certificates (DER, leaf first) leads to a CA of the trust directory. */
export type JudgePath = (check: string, sent: readonly Uint8Array[]) => Verdict

/**
 * Judges as the daemon does with its default policy, except that intermediate CAs may come along and every kind of
 * proxy is looked at. Without a CA in the folder nothing can be said.
 */
export async function createJudgePath(folder: string, clock: Clock): Promise<JudgePath> {
  const { snapshot } = await loadTrustDirectory(folder, NOTHING_LOADED, { clock })
  const policy: ChainPolicy = {
    ...TABLES.authentication.parse({}),
    allowSentIntermediates: true,
    proxyKinds: ['rfc', 'draft', 'legacy'],
  }
  const authenticator = createAuthenticator({ policy }, { snapshot: () => snapshot, clock })
  return (check, sent) => {
    if (snapshot.cas.length === 0) return ownVerdict(check, undefined, `there is no CA in ${folder}`)
    const verdict = authenticator.authenticate(sent, false)
    if (verdict.accepted) return ownVerdict(check, true, `by the CAs in ${folder}`)
    return ownVerdict(check, false, `${sentenceFor(verdict)}: ${verdict.detail} (${verdict.reason})`)
  }
}
