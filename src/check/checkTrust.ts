import { join } from 'node:path'
import {
  loadTrustDirectory,
  NOTHING_LOADED,
  type TrustLoad,
} from '../authenticate/trust/loadTrustDirectory.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/types.ts'
import type { CheckFinding } from './finding.ts'

export interface TrustReport {
  readonly findings: readonly CheckFinding[]
  readonly load: TrustLoad
}

/**
 * What the daemon would find in the trust directory, read by the same code. What concerns a single CA is a warning: the
 * daemon serves everybody else, and the CAs of its own certificates are judged with those (checkServerChains).
 */
export async function checkTrust(config: Config, clock: Clock): Promise<TrustReport> {
  const { directory } = config.trust
  const load = await loadTrustDirectory(directory, NOTHING_LOADED, { clock })
  const findings = load.findings.map(({ level, file, what, advice }) => {
    if (file === directory) return { area: 'trust', level, place: file, what, advice } satisfies CheckFinding
    const place = join(directory, file)
    return { area: 'trust', level: 'warning', place, what, advice } satisfies CheckFinding
  })
  return { findings, load }
}
