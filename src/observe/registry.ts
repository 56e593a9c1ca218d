import { Counter, Gauge, Histogram } from './cells.ts'
import { FAMILIES, type FamilyName, type FamilySpec } from './families.ts'
import type { Sample, Snapshot } from './snapshot.ts'

export type Labels = Readonly<Record<string, string>>
type Cell = Counter | Gauge | Histogram

interface Series {
  readonly labels: Labels
  readonly cell: Cell
}

/**
 * The cells of one process, by family and labels. Whoever counts asks for its cell once, when it is built, and
 * keeps it. Throws TypeError for labels other than the declared ones.
 */
export class Registry {
  readonly #series = new Map<FamilyName, Map<string, Series>>()
  readonly #collectors = new Set<() => void>()

  counter(name: FamilyName, labels: Labels = {}): Counter {
    return this.#cell(name, 'counter', labels, () => new Counter()) as Counter
  }

  gauge(name: FamilyName, labels: Labels = {}): Gauge {
    return this.#cell(name, 'gauge', labels, () => new Gauge()) as Gauge
  }

  histogram(name: FamilyName, labels: Labels = {}): Histogram {
    const { buckets = [] }: FamilySpec = FAMILIES[name]
    return this.#cell(name, 'histogram', labels, () => new Histogram(buckets)) as Histogram
  }

  /** Runs before each snapshot, for values that are looked up rather than counted. Gives how to stop that. */
  onCollect(collect: () => void): () => void {
    this.#collectors.add(collect)
    return () => void this.#collectors.delete(collect)
  }

  /** Forgets every series in which one of these labels has this value. */
  drop(labelNames: readonly string[], value: string): void {
    for (const series of this.#series.values()) {
      for (const [key, { labels }] of series) {
        if (labelNames.some(name => labels[name] === value)) series.delete(key)
      }
    }
  }

  /** The values as they are now; families without any are left out. */
  snapshot(): Snapshot {
    for (const collect of this.#collectors) collect()
    return [...this.#series]
      .filter(([, series]) => series.size > 0)
      .map(([name, series]) => {
        const { type, help, merge = 'sum' }: FamilySpec = FAMILIES[name]
        return { name, help, type, aggregator: merge, values: [...series.values()].flatMap(samplesOf(name)) }
      })
  }

  #cell(name: FamilyName, type: FamilySpec['type'], labels: Labels, make: () => Cell): Cell {
    const spec: FamilySpec = FAMILIES[name]
    const names = Object.keys(labels)
    if (
      spec.type !== type ||
      names.length !== spec.labels.length ||
      !spec.labels.every(label => label in labels)
    ) {
      throw new TypeError(`${name} is a ${spec.type} with the labels: ${spec.labels.join(', ')}`)
    }
    const key = JSON.stringify(spec.labels.map(label => labels[label]))
    const family = this.#series.get(name) ?? new Map<string, Series>()
    this.#series.set(name, family)
    const known = family.get(key)
    if (known !== undefined) return known.cell
    const cell = make()
    family.set(key, { labels, cell })
    return cell
  }
}

function samplesOf(name: string): (series: Series) => readonly Sample[] {
  return ({ labels, cell }) => {
    if (!(cell instanceof Histogram)) return Number.isNaN(cell.value) ? [] : [{ value: cell.value, labels }]
    let below = 0
    const buckets = cell.counts.map((count, index) => {
      below += count
      return {
        value: below,
        labels: { ...labels, le: cell.bounds[index] ?? '+Inf' },
        metricName: `${name}_bucket`,
      }
    })
    return [
      ...buckets,
      { value: cell.sum, labels, metricName: `${name}_sum` },
      { value: below, labels, metricName: `${name}_count` },
    ]
  }
}
