import { formatTable } from '../table.ts'

/** One thing that was judged: by vouchd, and by the independent reader where it can judge it. */
export interface Verdict {
  readonly check: string
  readonly vouchd: 'good' | 'bad' | 'unchecked'
  readonly pkijs: 'good' | 'bad' | 'unchecked'
  /** Why bad or unchecked, or what it was judged by; may be empty. */
  readonly remark: string
}

/** What `vouchd inspect` says of one file. */
export interface Inspection {
  readonly kind: string
  readonly verdicts: readonly Verdict[]
  /** For people, verdicts not included; printable already. */
  readonly text: string
  /** For programs, verdicts not included. */
  readonly json: Readonly<Record<string, unknown>>
}

/** Whether nothing was judged bad. What could not be checked is not held against the file. */
export function isGood({ verdicts }: Pick<Inspection, 'verdicts'>): boolean {
  return verdicts.every(({ vouchd, pkijs }) => vouchd !== 'bad' && pkijs !== 'bad')
}

/** The table of verdicts for people; empty when there is none. */
export function formatVerdicts(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return ''
  const rows = verdicts.map(({ check, vouchd, pkijs, remark }) => [check, show(vouchd), show(pkijs), remark])
  return formatTable([['verdicts', 'vouchd', 'pkijs', ''], ...rows])
}

function show(verdict: Verdict['vouchd']): string {
  return verdict === 'unchecked' ? '-' : verdict
}

/** A verdict of ours alone. */
export function ownVerdict(check: string, good: boolean | undefined, remark = ''): Verdict {
  const vouchd = good === undefined ? 'unchecked' : good ? 'good' : 'bad'
  return { check, vouchd, pkijs: 'unchecked', remark }
}
