import type { FamilySnapshot, Snapshot } from './snapshot.ts'

/**
 * One snapshot of several processes: counters and histograms are added up, gauges merged as their family says.
 * Families stand in the order of their first mention.
 */
export function mergeSnapshots(snapshots: readonly Snapshot[]): Snapshot {
  const families = new Map<string, FamilySnapshot[]>()
  for (const family of snapshots.flat()) {
    const same = families.get(family.name)
    if (same === undefined) families.set(family.name, [family])
    else same.push(family)
  }
  return [...families.values()].map(mergeFamily)
}

/**
 * What stays of processes that are gone: their counters and histograms, so that no total ever goes down. Their
 * gauges go with them.
 */
export function keepTotals(departed: Snapshot, last: Snapshot): Snapshot {
  return mergeSnapshots([departed, last.filter(({ type }) => type !== 'gauge')])
}

/** The Prometheus text format, version 0.0.4. */
export async function formatMetrics(snapshot: Snapshot): Promise<string> {
  // Not before the first scrape: the start need not wait for its modules.
  const { AggregatorRegistry } = await import('prom-client')
  return await AggregatorRegistry.aggregate([snapshot as object[]]).metrics()
}

function mergeFamily(same: readonly FamilySnapshot[]): FamilySnapshot {
  const [first] = same
  if (same.length === 1) return first!
  const merged = new Map<string, FamilySnapshot['values'][number]>()
  const combine = COMBINE[first!.aggregator]
  for (const sample of same.flatMap(({ values }) => values)) {
    const key = JSON.stringify([sample.metricName, sample.labels])
    const before = merged.get(key)
    merged.set(key, before === undefined ? sample : { ...sample, value: combine(before.value, sample.value) })
  }
  return { ...first!, values: [...merged.values()] }
}

const COMBINE: Record<FamilySnapshot['aggregator'], (a: number, b: number) => number> = {
  sum: (a, b) => a + b,
  min: Math.min,
  max: Math.max,
}
