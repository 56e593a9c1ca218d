/** A value that only grows. On the hot path: counting is one addition. */
export class Counter {
  value = 0
  inc(by = 1): void {
    this.value += by
  }
}

/** A value that goes up and down. NaN: not known, and left out. */
export class Gauge {
  value = 0
  set(value: number): void {
    this.value = value
  }
  inc(): void {
    this.value++
  }
  dec(): void {
    this.value--
  }
}

/** How often values fell into each bucket. */
export class Histogram {
  readonly bounds: readonly number[]
  /** One for each bound, not cumulated, and one for what lies above them all. */
  readonly counts: number[]
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = Array(bounds.length + 1).fill(0)
  }

  observe(value: number): void {
    let bucket = 0
    while (bucket < this.bounds.length && value > this.bounds[bucket]!) bucket++
    this.counts[bucket]!++
    this.sum += value
  }
}
