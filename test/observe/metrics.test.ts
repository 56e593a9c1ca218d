import { describe, expect, it } from 'vitest'
import { Histogram } from '../../src/observe/cells.ts'
import { FAMILIES, type FamilySpec } from '../../src/observe/families.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { Registry } from '../../src/observe/registry.ts'

describe('the families', () => {
  it.each(Object.entries<FamilySpec>(FAMILIES))('%s is declared as Prometheus wants it', (name, spec) => {
    expect(name).toMatch(/^(vouchd|process)_[a-z0-9_]+$/)
    expect(name.endsWith('_total')).toBe(spec.type === 'counter')
    expect(spec.help).toMatch(/^[A-Z0-9].*\.$/)
    expect(spec.buckets !== undefined).toBe(spec.type === 'histogram')
    expect(spec.merge !== undefined).toBe(spec.type === 'gauge')
    expect([...(spec.buckets ?? [])].sort((a, b) => a - b)).toEqual(spec.buckets ?? [])
  })
})

describe('a histogram', () => {
  it.each([
    [0, 0],
    [1, 0],
    [1.0001, 1],
    [2, 1],
    [3, 2],
    [Infinity, 2],
  ])('puts %d into bucket %d', (value, bucket) => {
    const cell = new Histogram([1, 2])
    cell.observe(value)
    expect(cell.counts[bucket]).toBe(1)
    expect(cell.sum).toBe(value)
  })
})

describe('the registry', () => {
  it('hands out one cell for the same labels', () => {
    const registry = new Registry()
    const labels = { query: 'lookup', result: 'ok' }
    expect(registry.counter('vouchd_db_queries_total', labels)).toBe(
      registry.counter('vouchd_db_queries_total', { result: 'ok', query: 'lookup' }),
    )
  })

  it.each([
    [() => new Registry().counter('vouchd_requests_total', { vo: 'x' })],
    [() => new Registry().counter('vouchd_db_up')],
    [() => new Registry().gauge('vouchd_db_up', { holder: '/CN=x' })],
  ])('refuses labels and types other than the declared ones', ask => {
    expect(ask).toThrow(TypeError)
  })

  it('asks for values that are looked up, and leaves unknown ones out', () => {
    const registry = new Registry()
    registry.onCollect(() => registry.gauge('vouchd_db_up').set(1))
    registry.gauge('vouchd_audit_volume_free_bytes').set(Number.NaN)
    expect(registry.snapshot().map(({ name, values }) => [name, values.length])).toEqual([
      ['vouchd_audit_volume_free_bytes', 0],
      ['vouchd_db_up', 1],
    ])
  })
})

describe('metrics of a process', () => {
  const seriesOf = (metrics: ReturnType<typeof createMetrics>) =>
    metrics
      .snapshot()
      .flatMap(({ name, values }) =>
        values.map(sample => JSON.stringify([name, sample.metricName, sample.labels])),
      )

  it('begin with every known label value at 0', () => {
    const metrics = createMetrics()
    metrics.vo('vo.0')
    const names = seriesOf(metrics)
    for (const label of [
      '"UNKNOWN_CA"',
      '"no-such-user"',
      '"pending_tls"',
      '"issued"',
      '"layout"',
      '"timeout"',
    ]) {
      expect(
        names.some(name => name.includes(label)),
        label,
      ).toBe(true)
    }
    expect(
      metrics
        .snapshot()
        .every(({ type, values }) => type === 'gauge' || values.every(({ value }) => value === 0)),
    ).toBe(true)
  })

  it('forget a VO that is served no longer', () => {
    const metrics = createMetrics()
    const without = seriesOf(metrics)
    metrics.vo('vo.0').requests.issued.inc()
    metrics.dropVo('vo.0')
    expect(seriesOf(metrics)).toEqual(without)
    expect(metrics.vo('vo.0').requests.issued.value).toBe(0)
  })

  it('take at most 60 series for a further VO', () => {
    const metrics = createMetrics()
    metrics.vo('vo.0')
    const one = seriesOf(metrics).length
    metrics.vo('vo.1')
    // Beside these, a VO has its key (two) and up to three certificates.
    expect(seriesOf(metrics).length - one + 5).toBeLessThanOrEqual(60)
    expect(one).toBeLessThanOrEqual(1000)
  })

  it('give no label to what nobody declared', () => {
    const metrics = createMetrics()
    metrics.denial('/C=IT/CN=Somebody').inc()
    metrics.lintFailure('anything').inc()
    const text = JSON.stringify(metrics.snapshot())
    expect(text).not.toContain('Somebody')
    expect(text).not.toContain('anything')
  })
})
