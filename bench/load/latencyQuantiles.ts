import { quantile } from './statistics.ts'

export type LatencyQuantiles = Readonly<Record<'p50' | 'p95' | 'p99' | 'p99.9', number>>

/** What is told of latencies, of one round or of all rounds together. */
export function latencyQuantiles(latencies: readonly number[]): LatencyQuantiles {
  return {
    p50: quantile(latencies, 0.5),
    p95: quantile(latencies, 0.95),
    p99: quantile(latencies, 0.99),
    'p99.9': quantile(latencies, 0.999),
  }
}
