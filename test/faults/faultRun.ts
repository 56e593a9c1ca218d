/** One thing that goes wrong under load, as often or for as long as is asked. */
export interface FaultRun {
  readonly name: string
  /** What is done, and what has to hold. */
  readonly about: string
  /** What is counted: suspensions, seconds. */
  readonly unit: string
  /** How many it takes to know, and how many each test run affords. */
  readonly long: number
  readonly short: number
  /** Why it cannot be run here, and what to do. */
  readonly missing?: () => string | undefined
  run(count: number, tell: (progress: string) => void): Promise<FaultResult>
}

export interface FaultResult {
  /** In the order in which they are printed. */
  readonly figures: Readonly<Record<string, number | string>>
  /** Each thing that did not hold, in words. */
  readonly wrong: readonly string[]
  /** What took longer than it should; on a machine that has other things to do, that says little. */
  readonly late: readonly string[]
}

export interface Verdict {
  readonly wrong: string[]
  readonly late: string[]
  unless(holds: boolean, what: string): void
  /** Notes when something took longer than so many milliseconds. */
  inTime(ms: number, most: number, what: string): void
}

/** Gathers what does not hold. */
export function verdict(): Verdict {
  const wrong: string[] = []
  const late: string[] = []
  return {
    wrong,
    late,
    unless(holds, what) {
      if (!holds) wrong.push(what)
    },
    inTime(ms, most, what) {
      if (!(ms <= most)) late.push(`${what}: ${Math.round(ms)} ms, more than ${most}`)
    },
  }
}
