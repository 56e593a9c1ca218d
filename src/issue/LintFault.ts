import type { LintFinding } from '../../native-free/lint/lintRule.ts'

/** What would have been signed breaks rules: the cause of an 'internal'. */
export class LintFault extends Error {
  override readonly name = 'LintFault'
  readonly rules: readonly string[]

  constructor(findings: readonly LintFinding[]) {
    super(findings.map(({ rule, message }) => `${rule}: ${message}`).join('; '))
    this.rules = [...new Set(findings.map(({ rule }) => rule))]
  }
}
