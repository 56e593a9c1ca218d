import { setTimeout as sleep } from 'node:timers/promises'
import type { CheckFinding } from '../check/finding.ts'
import type { Config } from '../config/types.ts'
import type { Doors } from './doors.ts'

/** Short beside what a client waits before it tries again, and nothing beside the work of one attempt. */
const AGAIN_MS = 100

export interface WaitForPorts {
  readonly seconds: number
  readonly monotonic: () => number
  /** Called once, when there is something to wait for. */
  readonly onWaiting: (findings: readonly CheckFinding[]) => void
}

/**
 * Opens every address, and tries again for some time as long as nothing stands against it but that another process has
 * one: a server that is being replaced may leave children that end with their last client. Gives what stands against it.
 */
export async function openWhenFree(
  doors: Doors,
  config: Config,
  { seconds, monotonic, onWaiting }: WaitForPorts,
): Promise<readonly CheckFinding[]> {
  const began = monotonic()
  for (let attempt = 1; ; attempt += 1) {
    const findings = await doors.open(config)
    const late = monotonic() - began >= seconds * 1000
    if (findings.length === 0 || late || !findings.every(finding => doors.isTaken(finding))) return findings
    if (attempt === 1) onWaiting(findings)
    await sleep(AGAIN_MS)
  }
}
