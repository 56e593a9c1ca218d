import { OUTCOMES, type Outcome } from './outcomes.ts'
import type { Snapshot } from './snapshot.ts'

/** Requests by VO and outcome. */
export type RequestCounts = ReadonlyMap<string, Readonly<Record<Outcome, number>>>

interface Look {
  /** Milliseconds on a clock that never jumps. */
  readonly at: number
  readonly totals: RequestCounts
}

const MINUTE_MS = 60_000

/** Remembers totals for a little over a minute, to tell what came in the last one. */
export class MinuteRates {
  readonly #looks: Look[] = []

  /** Call it every few seconds. */
  note(at: number, snapshot: Snapshot): void {
    this.#looks.push({ at, totals: totalsOf(snapshot) })
    // The oldest one kept is the newest that is a minute old.
    while (this.#looks.length > 1 && at - this.#looks[1]!.at >= MINUTE_MS) this.#looks.shift()
  }

  /** Requests a minute up to now; undefined until there is something to compare with. */
  lastMinute(at: number, snapshot: Snapshot): RequestCounts | undefined {
    const [oldest] = this.#looks
    if (oldest === undefined || at <= oldest.at) return undefined
    const minutes = Math.max(at - oldest.at, MINUTE_MS) / MINUTE_MS
    const rates = new Map<string, Record<Outcome, number>>()
    for (const [vo, totals] of totalsOf(snapshot)) {
      const before = oldest.totals.get(vo)
      rates.set(
        vo,
        byOutcome(outcome => Math.round(Math.max(0, totals[outcome] - (before?.[outcome] ?? 0)) / minutes)),
      )
    }
    return rates
  }
}

function totalsOf(snapshot: Snapshot): RequestCounts {
  const totals = new Map<string, Record<Outcome, number>>()
  for (const { labels, value } of snapshot.find(({ name }) => name === 'vouchd_requests_total')?.values ??
    []) {
    const vo = String(labels['vo'])
    const counts = totals.get(vo) ?? byOutcome(() => 0)
    counts[labels['outcome'] as Outcome] = value
    totals.set(vo, counts)
  }
  return totals
}

function byOutcome(value: (outcome: Outcome) => number): Record<Outcome, number> {
  return Object.fromEntries(OUTCOMES.map(outcome => [outcome, value(outcome)])) as Record<Outcome, number>
}
