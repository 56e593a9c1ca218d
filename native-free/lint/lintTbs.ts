import { Refusal } from '../refusal.ts'
import { Elements } from './elements.ts'
import type { LintExpectations } from './lintExpectations.ts'
import type { LintFinding } from './lintRule.ts'
import { LINT_RULES } from './rules/index.ts'
import { layout } from './rules/layout.ts'
import { wellFormed } from './rules/wellFormed.ts'
import { tbsFields } from './tbsFields.ts'

/**
 * Checks encoded to-be-signed AC bytes against every rule; no finding means that they may be signed. The bytes are
 * walked once, and every rule reads that walk. What is not DER, or not laid out as an AC, gets that finding alone.
 */
export function lintTbs(bytes: Uint8Array, expect: LintExpectations): readonly LintFinding[] {
  const tbs = walk(bytes)
  if (typeof tbs === 'string') return [{ rule: wellFormed.name, clause: wellFormed.clause, message: tbs }]
  const fields = tbsFields(tbs)
  const findings: LintFinding[] = []
  for (const rule of LINT_RULES) {
    const message = rule.check(tbs, fields, expect)
    if (message === undefined) continue
    findings.push({ rule: rule.name, clause: rule.clause, message })
    if (rule === layout) break
  }
  return findings
}

function walk(bytes: Uint8Array): Elements | string {
  try {
    return new Elements(bytes)
  } catch (refusal) {
    if (refusal instanceof Refusal) return refusal.message
    throw refusal
  }
}
