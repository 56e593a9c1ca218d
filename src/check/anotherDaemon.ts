import { DatabaseError } from '../store/DatabaseError.ts'
import type { CheckFinding } from './finding.ts'

/** What to do where another daemon has what this one needs. */
export const STOP_THE_OTHER =
  'another vouchd already runs over it: use vouchd reload for a new configuration, or stop that one first'

/** Whether it is a folder that another process holds. A server's own conflicts have a state. */
export function isHeld(cause: unknown): boolean {
  return cause instanceof DatabaseError && cause.kind === 'conflict' && cause.sqlState === undefined
}

/**
 * The findings of a start, where the folders show that another daemon runs over the same configuration: its addresses
 * are in use by that one, and nothing is to be ended but it.
 */
export function tellOfAnother(findings: readonly CheckFinding[]): readonly CheckFinding[] {
  if (!findings.some(({ advice }) => advice === STOP_THE_OTHER)) return findings
  return findings.map(finding =>
    finding.area === 'ports' && finding.what.endsWith(' is in use')
      ? { ...finding, advice: STOP_THE_OTHER }
      : finding,
  )
}
