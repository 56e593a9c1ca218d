/** One number as it is exported. */
export interface Sample {
  readonly value: number
  readonly labels: Readonly<Record<string, string | number>>
  /** Of a histogram: the family's name with _bucket, _sum or _count. */
  readonly metricName?: string
}

/** One family with its values: plain data that can be sent to another process. */
export interface FamilySnapshot {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly aggregator: 'sum' | 'min' | 'max'
  readonly values: readonly Sample[]
}

/** All that one process, or all of them together, export at one time. */
export type Snapshot = readonly FamilySnapshot[]
