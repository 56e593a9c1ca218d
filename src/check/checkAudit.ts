import { lstatSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { clockBehind } from '../audit/clockBehind.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/types.ts'
import { NOT_AS_ROOT } from '../store/folderLock.ts'
import type { CheckFinding } from './finding.ts'

/** About a day of an issuance each second: less is a fault waiting to happen. */
const SCARCE_BYTES = 134_217_728

/** Whether what is issued can be recorded: the folder, its space, its key, and the clock. Writes nothing. */
export async function checkAudit({ audit }: Config, uid: number, clock: Clock): Promise<CheckFinding[]> {
  if (!audit.enabled) {
    return [warning('audit.enabled', 'what is issued is not recorded', 'set it to true')]
  }
  const { folder, headKey } = audit
  const stats = lstatSync(folder, { throwIfNoEntry: false })
  // Made at the first start.
  if (stats === undefined) return []
  const own = `chown it to the user of the service, and chmod 700 ${folder}`
  if (!stats.isDirectory()) return [error('audit.folder', `${folder} is not a folder`, 'name another one')]
  if (stats.uid !== uid) {
    const advice = uid === 0 ? NOT_AS_ROOT : own
    return [error('audit.folder', `${folder} belongs to another user (uid ${stats.uid})`, advice)]
  }
  if ((stats.mode & 0o077) !== 0) {
    return [error('audit.folder', `${folder} is open to other users`, `chmod 700 ${folder}`)]
  }
  const findings: CheckFinding[] = []
  const key = lstatSync(headKey, { throwIfNoEntry: false })
  if (key !== undefined && (key.mode & 0o077) !== 0) {
    findings.push(
      error('audit.headKey', `${headKey} may be read by others than its owner`, `chmod 0400 ${headKey}`),
    )
  }
  const behind = await clockBehind(folder, clock)
  if (behind !== undefined) findings.push(error(behind.path, behind.problem, behind.advice))
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize < SCARCE_BYTES) {
    const space = `${Math.floor((bavail * bsize) / 1_048_576)} MiB are free for ${folder}`
    findings.push(
      warning('audit.folder', space, 'make space: nothing is issued while records cannot be written'),
    )
  }
  return findings
}

function error(place: string, what: string, advice: string): CheckFinding {
  return { area: 'audit', level: 'error', place, what, advice }
}
function warning(place: string, what: string, advice: string): CheckFinding {
  return { area: 'audit', level: 'warning', place, what, advice }
}
