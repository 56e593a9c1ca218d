import { type LatencyQuantiles, latencyQuantiles } from './latencyQuantiles.ts'

export interface LoadResult {
  readonly count: number
  readonly seconds: number
  /** Of each request, so that those of several rounds can be put together; milliseconds. */
  readonly latencies: readonly number[]
  readonly milliseconds: LatencyQuantiles
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
    latencies,
    milliseconds: latencyQuantiles(latencies),
  }
}
