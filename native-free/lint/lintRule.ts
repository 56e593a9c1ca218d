import type { Elements } from './elements.ts'
import type { LintExpectations } from './lintExpectations.ts'
import type { TbsFields } from './tbsFields.ts'

/** One thing that must hold of every AC before it is signed. */
export interface LintRule {
  /** Stable name, as in findings. */
  readonly name: string
  /** The clause that demands it. */
  readonly clause: string
  /** What is wrong, in a few words; undefined when nothing is. Neither throws nor keeps what it is given. */
  check(tbs: Elements, fields: TbsFields, expect: LintExpectations): string | undefined
}

export interface LintFinding {
  readonly rule: string
  readonly clause: string
  readonly message: string
}
