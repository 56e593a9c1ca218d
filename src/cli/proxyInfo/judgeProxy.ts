import { onelineF1 } from '../../../native-free/dn/oneline.ts'
import { sentenceFor } from '../../authenticate/reasonSentences.ts'
import { createVomsdir } from '../../authenticate/trust/createVomsdir.ts'
import { loadClientTrust } from '../../client/clientTrust.ts'
import { acProblem } from '../../client/verifyClientAc.ts'
import type { Clock } from '../../clock.ts'
import { formatTime } from '../../formatTime.ts'
import type { ProxyFile } from './readProxy.ts'

export interface JudgeOptions {
  readonly certdir: string
  readonly vomsdir: string
  readonly verifyAcs: boolean
  readonly clock: Clock
}

/** What is wrong with a proxy and its ACs, in words; both empty when a service here would believe it. */
export interface ProxyJudgement {
  /** What is good but for its time, which is over. */
  readonly expired: readonly string[]
  readonly problems: readonly string[]
}

/** Verifies the chain, where there is any CA to do so by, and the ACs. */
export async function judgeProxy(proxy: ProxyFile, options: JudgeOptions): Promise<ProxyJudgement> {
  const { clock } = options
  const expired: string[] = []
  const problems = [...proxy.faults]
  const ended = proxy.chain.find(({ notAfter }) => clock.now() > notAfter)
  if (ended !== undefined) {
    expired.push(`the proxy has expired: ${onelineF1(ended.subject)} ended at ${formatTime(ended.notAfter)}`)
  }
  const trust = await loadClientTrust(options.certdir, clock)
  // Without any CA the chain cannot be judged here; an AC then fails for it.
  if (trust.cas > 0 && ended === undefined) {
    const sent = proxy.chain.map(({ der }) => der)
    const verdict = trust.authenticator.authenticate(sent, false)
    if (!verdict.accepted) {
      problems.push(
        `the proxy would not be accepted: ${sentenceFor(verdict)} (${verdict.reason}: ${verdict.detail})`,
      )
    }
  }
  if (!options.verifyAcs) return { expired, problems }
  const vomsdir = createVomsdir(options.vomsdir, (path, what) => problems.push(`${path} ${what}`))
  const around = { trust, vomsdir, vomsdirFolder: options.vomsdir, now: clock.now() }
  for (const ac of proxy.acs) {
    const problem = await acProblem(ac, proxy.eec, around)
    if (problem === undefined) continue
    const advice = problem.advice === undefined ? '' : `; ${problem.advice}`
    const list = problem.code === 'ac-expired' ? expired : problems
    list.push(`VO ${ac.vo}: ${problem.message}${advice}`)
  }
  return { expired, problems }
}
