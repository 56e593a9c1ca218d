import { ConfigError } from '../config/ConfigError.ts'
import { SigningKeyFault } from '../issue/sign/loadSigningKey.ts'
import { DatabaseError } from '../store/DatabaseError.ts'
import { isHeld, STOP_THE_OTHER } from './anotherDaemon.ts'
import type { CheckFinding } from './finding.ts'

/** A set-up that cannot be served: every fault that was found, each with what to do. */
export class SetupError extends Error {
  override name = 'SetupError'
  readonly findings: readonly CheckFinding[]

  constructor(findings: readonly CheckFinding[]) {
    super(findings.map(formatFinding).join('\n'))
    this.findings = findings
  }
}

/** One line: where, what, and what to do. */
export function formatFinding({ place, what, advice }: CheckFinding): string {
  return `${place}: ${what}; ${advice}`
}

/** What a failure to set something up says to the operator; undefined for a fault of vouchd itself. */
export function findingsOf(thrown: unknown): readonly CheckFinding[] | undefined {
  if (thrown instanceof SetupError) return thrown.findings
  if (thrown instanceof ConfigError) {
    return thrown.faults.map(({ path, problem, advice }) =>
      finding('configuration', path || 'configuration', problem, advice),
    )
  }
  if (thrown instanceof SigningKeyFault) {
    return [finding('credentials', 'acCredential.key', thrown.message, 'run vouchd check')]
  }
  if (thrown instanceof DatabaseError) {
    return [finding('database', 'store', thrown.message, adviceFor(thrown))]
  }
  if (thrown instanceof Error && 'syscall' in thrown && 'code' in thrown) {
    const place = 'path' in thrown && typeof thrown.path === 'string' ? thrown.path : 'system'
    return [finding('configuration', place, thrown.message, 'run vouchd check')]
  }
  return undefined
}

function adviceFor(error: DatabaseError): string {
  return isHeld(error) ? STOP_THE_OTHER : (error.advice ?? 'run vouchd check')
}

function finding(area: CheckFinding['area'], place: string, what: string, advice: string): CheckFinding {
  return { area, level: 'error', place, what, advice }
}
