import { quantile } from './statistics.ts'

export interface LoadResult {
  readonly count: number
  readonly seconds: number
  readonly milliseconds: Readonly<Record<'p50' | 'p95' | 'p99' | 'p99.9', number>>
}

/** So many requests, so many of them at once; the first that fails ends it. */
export async function runLanes(
  count: number,
  connections: number,
  ask: () => Promise<unknown>,
): Promise<LoadResult> {
  const latencies: number[] = []
  let started = 0
  async function lane(): Promise<void> {
    while (started < count) {
      started++
      const begun = performance.now()
      await ask()
      latencies.push(performance.now() - begun)
    }
  }
  const begun = performance.now()
  await Promise.all(Array.from({ length: Math.min(connections, count) }, lane))
  return {
    count: latencies.length,
    seconds: (performance.now() - begun) / 1000,
    milliseconds: {
      p50: quantile(latencies, 0.5),
      p95: quantile(latencies, 0.95),
      p99: quantile(latencies, 0.99),
      'p99.9': quantile(latencies, 0.999),
    },
  }
}
