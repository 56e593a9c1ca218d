import {
  compareOutcomes,
  DIFFERENCE_CLASSES,
  type Difference,
  type DifferenceClass,
} from '../../adopt/compare/compareOutcomes.ts'
import type { Outcome } from '../../adopt/compare/outcome.ts'
import { formatTable } from '../table.ts'

/** A difference with whose it is. */
export interface FoundDifference extends Difference {
  readonly subject: string
  readonly issuer: string
  /** The query of the request; empty for the certificate as a whole. */
  readonly request: string
}

/** What was compared and what differs. Keeps a bounded number of differences and counts all. */
export class DifferenceReport {
  certificates = 0
  requests = 0
  readonly found: FoundDifference[] = []
  readonly counts = new Map<DifferenceClass, number>()
  readonly #most: number
  readonly #ignored: ReadonlySet<DifferenceClass>

  constructor(most: number, ignored: readonly DifferenceClass[]) {
    this.#most = most
    this.#ignored = new Set(ignored)
  }

  /** Lays the outcomes of one request side by side. */
  compare(
    whose: Pick<FoundDifference, 'subject' | 'issuer' | 'request'>,
    ours: Outcome,
    theirs: Outcome,
  ): void {
    this.requests += 1
    for (const difference of compareOutcomes(ours, theirs)) this.add({ ...whose, ...difference })
  }

  add(difference: FoundDifference): void {
    this.counts.set(difference.class, (this.counts.get(difference.class) ?? 0) + 1)
    if (!this.#ignored.has(difference.class) && this.found.length < this.#most) this.found.push(difference)
  }

  /** Whether a difference was found that is not ignored. */
  get differs(): boolean {
    return this.counting > 0
  }

  get counting(): number {
    let sum = 0
    for (const [name, count] of this.counts) if (!this.#ignored.has(name)) sum += count
    return sum
  }

  isIgnored(name: DifferenceClass): boolean {
    return this.#ignored.has(name)
  }
}

/** For people: each difference in four lines, then a table of classes. */
export function formatReport(report: DifferenceReport, names: { ours: string; theirs: string }): string {
  const width = Math.max(names.ours.length, names.theirs.length)
  const blocks = report.found.map(one =>
    [
      formatTable([[one.class, one.subject]]),
      one.request === ''
        ? ''
        : formatTable([[`  request${' '.repeat(Math.max(0, width - 7))}`, one.request]]),
      formatTable([[`  ${names.ours.padEnd(width)}`, shown(one.ours)]]),
      formatTable([[`  ${names.theirs.padEnd(width)}`, shown(one.theirs)]]),
    ].join(''),
  )
  const hidden = report.counting - report.found.length
  const rest = hidden > 0 ? [`... and ${hidden} more; --show ${report.counting} shows all\n`] : []
  return `${[...blocks, ...rest].map(block => `${block}\n`).join('')}${formatSummary(report)}`
}

function shown(text: string): string {
  return text === '' ? '-' : text.slice(0, 1000)
}

function formatSummary(report: DifferenceReport): string {
  const { certificates, requests, counts } = report
  const head = `compared: ${certificates} certificates, ${requests} requests\n`
  if (counts.size === 0) return `${head}no difference\n`
  const rows = (Object.keys(DIFFERENCE_CLASSES) as DifferenceClass[])
    .filter(name => counts.has(name))
    .map(name => [
      name,
      String(counts.get(name)),
      `${DIFFERENCE_CLASSES[name]}${report.isIgnored(name) ? ' (ignored)' : ''}`,
    ])
  return head + formatTable([['class', 'count', ''], ...rows])
}

/** For programs. */
export function reportToJson(report: DifferenceReport, names: { ours: string; theirs: string }) {
  const { certificates, requests, counts, found, counting } = report
  return {
    ...names,
    certificates,
    requests,
    differs: report.differs,
    counts: Object.fromEntries(counts),
    differences: found,
    omitted: counting - found.length,
  }
}
