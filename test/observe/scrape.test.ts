import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FAMILIES } from '../../src/observe/families.ts'
import { formatMetrics } from '../../src/observe/mergeSnapshots.ts'
import type { Snapshot } from '../../src/observe/snapshot.ts'
import { askLegacy, askRest, type Daemon, startDaemon, userNamed } from '../e2e/daemon.ts'

const FIRST = userNamed('test0')
const SUSPENDED = userNamed('test2')
const STRANGER = userNamed('stranger')

function seriesOf(snapshot: Snapshot): string[] {
  return snapshot.flatMap(({ name, values }) =>
    values.map(({ metricName, labels }) => JSON.stringify([metricName ?? name, labels])),
  )
}

describe('what a daemon exports after it has served', () => {
  let daemon: Daemon
  let text: string
  let lines: string[]
  beforeAll(async () => {
    daemon = await startDaemon()
    await askRest(daemon.port(), [FIRST], '?fqans=/vo.0/G1')
    await askLegacy(daemon.port(), [FIRST], ['N'])
    await askRest(daemon.port(), [SUSPENDED])
    await askRest(daemon.port(), [STRANGER])
    await askRest(daemon.port(), [FIRST], '/x')
    await askRest(daemon.port(), [])
    text = await formatMetrics(daemon.metrics.snapshot())
    lines = text.split('\n')
  })
  afterAll(() => daemon?.stop())

  it.each([
    'vouchd_requests_total{listener="vo.0",vo="vo.0",outcome="issued"} 1',
    'vouchd_requests_total{listener="vo.0",vo="vo.0",outcome="listed"} 1',
    'vouchd_requests_total{listener="vo.0",vo="vo.0",outcome="denied"} 3',
    'vouchd_requests_total{listener="vo.0",vo="vo.0",outcome="invalid"} 1',
    'vouchd_requests_total{listener="vo.0",vo="vo.0",outcome="error"} 0',
    'vouchd_request_duration_seconds_count{listener="vo.0"} 6',
    'vouchd_requests_in_flight{listener="vo.0"} 0',
    'vouchd_denials_total{reason="suspended"} 1',
    'vouchd_denials_total{reason="no-such-user"} 1',
    'vouchd_denials_total{reason="NO_CLIENT_CERT"} 1',
    'vouchd_tls_handshakes_total{listener="vo.0",result="ok"} 6',
    'vouchd_tls_handshake_duration_seconds_count{listener="vo.0"} 6',
    'vouchd_attribute_certificates_issued_total{vo="vo.0"} 1',
    'vouchd_request_stage_duration_seconds_count{stage="handshake"} 6',
    'vouchd_request_stage_duration_seconds_count{stage="sign"} 1',
    'vouchd_request_stage_duration_seconds_count{stage="audit"} 1',
    'vouchd_request_stage_duration_seconds_count{stage="write"} 6',
    'vouchd_signer_work_seconds_count 1',
    'vouchd_audit_records_total{kind="intent",result="ok"} 1',
    'vouchd_audit_records_total{kind="intent",result="failed"} 0',
    'vouchd_db_up 1',
    'vouchd_trust_anchors 1',
    'vouchd_crls{state="valid"} 0',
    'vouchd_reloads_total{subject="trust",result="ok"} 1',
    'vouchd_last_reload_successful{subject="trust"} 1',
  ])('%s', line => {
    expect(lines).toContain(line)
  })

  it('tells signatures by key, and when certificates expire', () => {
    expect(text).toMatch(/vouchd_signatures_total\{key="[0-9a-f]{16}",purpose="ac",result="ok"\} 1\n/)
    for (const usage of ['tls_rsa', 'ac']) {
      expect(text).toMatch(
        new RegExp(
          `vouchd_certificate_not_after_timestamp_seconds\\{usage="${usage}",vo="vo.0"\\} \\d{10}\\n`,
        ),
      )
    }
    expect(text).toMatch(/vouchd_membership_last_refresh_timestamp_seconds\{worker="main"\} \d{10}\n/)
    expect(text).toMatch(/vouchd_audit_volume_free_bytes \d+\n/)
  })

  it('counts what was in the cache and what had to be asked', () => {
    const value = (series: string) =>
      Number(lines.find(line => line.startsWith(`${series} `))?.slice(series.length))
    const hits = value('vouchd_cache_requests_total{cache="members",result="hit"}')
    const misses = value('vouchd_cache_requests_total{cache="members",result="miss"}')
    expect(hits + misses).toBe(4)
    expect(misses).toBeGreaterThanOrEqual(3)
    expect(value('vouchd_db_queries_total{query="lookup",result="ok"}')).toBe(misses)
  })

  it('names nobody: no DN, FQAN, address, request id or serial', () => {
    const told = daemon.log.filter(line => typeof line['outcome'] === 'string')
    expect(told.length).toBe(6)
    const secrets = [
      '/C=IT',
      'CN=',
      'test0',
      'stranger',
      '/vo.0',
      'G1',
      '127.0.0.1',
      'left the experiment',
      'PRIVATE KEY',
    ]
    for (const { id, serial, holder } of told)
      secrets.push(...[id, serial, holder].filter(value => value !== undefined).map(String))
    for (const secret of secrets) expect(text, secret).not.toContain(secret)
  })

  it('stays within 1000 series', () => {
    expect(seriesOf(daemon.metrics.snapshot()).length).toBeLessThanOrEqual(1000)
  })

  it('knows only declared families', () => {
    for (const [, name] of text.matchAll(/^# TYPE (\S+)/gm)) expect(Object.keys(FAMILIES)).toContain(name)
  })
})

describe('a further VO', () => {
  it('takes at most 60 series', { timeout: 120_000 }, async () => {
    const vo = (name: string) => ({
      name,
      listen: ['127.0.0.1:0'],
      uri: 'voms.example.org:15000',
      hostCredentials: [
        { certificate: 'host.pem', key: 'host.key' },
        { certificate: 'ec.pem', key: 'ec.key' },
      ],
      acCredential: { certificate: 'host.pem', key: 'host.key' },
    })
    const count = async (...names: string[]) => {
      const daemon = await startDaemon({ vo: names.map(vo) })
      try {
        return seriesOf(daemon.metrics.snapshot()).length
      } finally {
        await daemon.stop()
      }
    }
    const one = await count('vo.0')
    const three = await count('vo.0', 'vo.1', 'vo.2')
    expect(one).toBeGreaterThan(300)
    // Each with a key of its own adds two more series; here they share one.
    expect((three - one) / 2 + 2).toBeLessThanOrEqual(60)
  })
})
