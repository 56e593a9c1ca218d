import type { Clock } from '../clock.ts'
import type { ConfigFault } from '../config/ConfigError.ts'
import { newestTime } from './openSegmentLog.ts'
import { HEADS, listLogs } from './segmentFiles.ts'

/** Records would no longer say when something was issued; an NTP client steps by less. */
export const MAX_CLOCK_BEHIND_SECONDS = 60

/** What is wrong when the clock stands before the newest record of any log; undefined when it does not. */
export async function clockBehind(folder: string, clock: Clock): Promise<ConfigFault | undefined> {
  let newest = 0
  for (const log of [...(await listLogs(folder)), HEADS]) {
    newest = Math.max(newest, await newestTime(folder, log))
  }
  const seconds = newest - clock.now()
  if (seconds <= MAX_CLOCK_BEHIND_SECONDS) return undefined
  const when = new Date(newest * 1000).toISOString()
  return {
    path: 'audit.folder',
    problem: `the clock is ${seconds} s behind the newest record, of ${when}`,
    advice: `set the clock; if the record's time was the wrong one, move ${folder} to another place`,
  }
}
