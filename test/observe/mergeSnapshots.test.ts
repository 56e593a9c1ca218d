import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createGatherer } from '../../src/observe/gatherMetrics.ts'
import { formatMetrics, keepTotals, mergeSnapshots } from '../../src/observe/mergeSnapshots.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import type { Snapshot } from '../../src/observe/snapshot.ts'

function value(snapshot: Snapshot, name: string, labels: Record<string, string> = {}): number | undefined {
  const family = snapshot.find(
    family => name.replace(/_(bucket|sum|count)$/, '') === family.name || name === family.name,
  )
  return family?.values.find(
    sample =>
      (sample.metricName ?? family.name) === name &&
      Object.entries(labels).every(([label, wanted]) => String(sample.labels[label]) === wanted),
  )?.value
}

describe('several processes as one', () => {
  it('adds up counters and histograms', () => {
    const [a, b] = [createMetrics('1'), createMetrics('2')]
    a.vo('vo.0').requests.issued.inc(3)
    b.vo('vo.0').requests.issued.inc(4)
    a.vo('vo.0').duration.observe(0.003)
    b.vo('vo.0').duration.observe(0.03)
    const merged = mergeSnapshots([a.snapshot(), b.snapshot()])
    expect(value(merged, 'vouchd_requests_total', { vo: 'vo.0', outcome: 'issued' })).toBe(7)
    expect(value(merged, 'vouchd_request_duration_seconds_bucket', { le: '0.005' })).toBe(1)
    expect(value(merged, 'vouchd_request_duration_seconds_bucket', { le: '0.05' })).toBe(2)
    expect(value(merged, 'vouchd_request_duration_seconds_count')).toBe(2)
    expect(value(merged, 'vouchd_request_duration_seconds_sum')).toBeCloseTo(0.033)
  })

  it('merges each gauge as its family says', () => {
    const [a, b] = [createMetrics('1'), createMetrics('2')]
    a.db.up.set(1)
    b.db.up.set(0)
    a.vo('vo.0').inFlight.set(2)
    b.vo('vo.0').inFlight.set(3)
    a.trust.crls.expired.set(1)
    b.db.membershipVersion.set(9)
    a.trust.earliestNextUpdate.set(Number.NaN)
    b.trust.earliestNextUpdate.set(5)
    const merged = mergeSnapshots([a.snapshot(), b.snapshot()])
    expect(value(merged, 'vouchd_db_up')).toBe(0)
    expect(value(merged, 'vouchd_requests_in_flight')).toBe(5)
    expect(value(merged, 'vouchd_crls', { state: 'expired' })).toBe(1)
    expect(value(merged, 'vouchd_membership_version', { worker: '1' })).toBe(0)
    expect(value(merged, 'vouchd_membership_version', { worker: '2' })).toBe(9)
    expect(value(merged, 'vouchd_crl_earliest_next_update_timestamp_seconds')).toBe(5)
  })

  it('never lets a total go down, whoever dies in whatever order', () => {
    const life = fc.record({ counts: fc.nat(1000), dies: fc.boolean() })
    fc.assert(
      fc.property(fc.array(fc.array(life, { maxLength: 8 }), { minLength: 1, maxLength: 5 }), workers => {
        let departed: Snapshot = []
        const alive = new Map(workers.map((_, index) => [index, createMetrics(String(index))]))
        let before = 0
        let all = 0
        for (let turn = 0; turn < 8; turn++) {
          workers.forEach((lives, index) => {
            const now = lives[turn]
            if (now === undefined) return
            alive.get(index)!.vo('v').issued.inc(now.counts)
            all += now.counts
            if (!now.dies) return
            departed = keepTotals(departed, alive.get(index)!.snapshot())
            alive.set(index, createMetrics(String(index)))
          })
          const merged = mergeSnapshots([departed, ...[...alive.values()].map(metrics => metrics.snapshot())])
          const total = value(merged, 'vouchd_attribute_certificates_issued_total') ?? 0
          expect(total).toBe(all)
          expect(total).toBeGreaterThanOrEqual(before)
          before = total
        }
      }),
      { numRuns: 30 },
    )
  })

  it('hears the last word of a process after its end, once', () => {
    const gatherer = createGatherer()
    const [first, second] = [{}, {}]
    const metrics = createMetrics('0')
    const total = () => value(gatherer.merged([]), 'vouchd_attribute_certificates_issued_total')
    metrics.vo('v').issued.inc(5)
    gatherer.note(first, metrics.snapshot())
    gatherer.note(second, metrics.snapshot())
    expect(total()).toBe(10)
    gatherer.ended(first)
    expect(total()).toBe(10)
    expect(total()).toBe(10)
    metrics.vo('v').issued.inc(2)
    gatherer.note(first, metrics.snapshot())
    expect(total()).toBe(12)
    expect(total()).toBe(12)
  })

  it('holds no more of the dead than it may, and all that they counted', () => {
    const gatherer = createGatherer()
    const metrics = createMetrics('0')
    metrics.vo('v').issued.inc()
    metrics.db.up.set(1)
    for (let count = 0; count < 100; count++) {
      const process = {}
      gatherer.note(process, metrics.snapshot())
      gatherer.ended(process)
    }
    const merged = gatherer.merged([])
    expect(value(merged, 'vouchd_attribute_certificates_issued_total')).toBe(100)
    expect(value(merged, 'vouchd_db_up')).toBeUndefined()
  })

  it('drops the gauges of the dead', () => {
    const dead = createMetrics('1')
    dead.db.up.set(0)
    dead.log.info.inc()
    const kept = keepTotals([], dead.snapshot())
    expect(value(kept, 'vouchd_log_messages_total', { level: 'info' })).toBe(1)
    expect(kept.some(({ type }) => type === 'gauge')).toBe(false)
  })

  it('survives the way between processes', () => {
    const metrics = createMetrics()
    metrics.vo('vo.0').duration.observe(99)
    const sent = JSON.parse(JSON.stringify(metrics.snapshot())) as Snapshot
    expect(mergeSnapshots([sent])).toEqual(metrics.snapshot())
  })

  it('is written as Prometheus reads it', async () => {
    const metrics = createMetrics()
    metrics.vo('vo.0').handshakeDuration.observe(0.002)
    const lines = (await formatMetrics(metrics.snapshot())).split('\n')
    expect(lines).toContain('# TYPE vouchd_tls_handshake_duration_seconds histogram')
    expect(lines).toContain('vouchd_tls_handshake_duration_seconds_bucket{listener="vo.0",le="0.001"} 0')
    expect(lines).toContain('vouchd_tls_handshake_duration_seconds_bucket{listener="vo.0",le="0.0025"} 1')
    expect(lines).toContain('vouchd_tls_handshake_duration_seconds_bucket{listener="vo.0",le="+Inf"} 1')
    expect(lines).toContain('vouchd_tls_handshake_duration_seconds_sum{listener="vo.0"} 0.002')
    expect(lines).toContain('vouchd_requests_total{listener="vo.0",vo="vo.0",outcome="denied"} 0')
  })
})
