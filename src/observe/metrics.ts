import { LINT_RULES } from '../../native-free/lint/rules/index.ts'
import { CRL_STATES } from '../authenticate/trust/trustSummary.ts'
import type { Counter, Gauge, Histogram } from './cells.ts'
import type { FamilyName } from './families.ts'
import { DENIAL_REASONS, OUTCOMES, type Outcome } from './outcomes.ts'
import { type Labels, Registry } from './registry.ts'
import type { Snapshot } from './snapshot.ts'

export const STAGES = ['handshake', 'validate', 'lookup', 'sign', 'audit', 'write'] as const
export type Stage = (typeof STAGES)[number]
export const SHED_REASONS = [
  'connections',
  'pending_tls',
  'rate',
  'concurrency',
  'deadline',
  'fd',
  'stale',
  'queue',
] as const
export type ShedReason = (typeof SHED_REASONS)[number]
export const HANDSHAKE_RESULTS = ['ok', 'failed', 'timeout'] as const
export type HandshakeResult = (typeof HANDSHAKE_RESULTS)[number]
export const QUERIES = ['lookup', 'changes'] as const
export type Query = (typeof QUERIES)[number]
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
export const CACHES = ['certificates', 'links', 'eecVerdicts', 'members'] as const
export type Cache = (typeof CACHES)[number]

/** `ok` and how often it was not. */
export interface Results {
  readonly ok: Counter
  readonly failed: Counter
}

/** Lines of the log. */
export type LogCells = Readonly<Record<LogLevel, Counter>> & {
  readonly dropped: Counter
  readonly suppressed: Counter
}

/** Attempts to take up something new, and how the last one went. */
export type ReloadCells = Results & { readonly last: Gauge; readonly lastSuccess: Gauge }

/** The cells of one VO. */
export interface VoMetrics {
  readonly requests: Readonly<Record<Outcome, Counter>>
  readonly duration: Histogram
  readonly inFlight: Gauge
  readonly shed: Readonly<Record<ShedReason, Counter>>
  readonly handshakes: Readonly<Record<HandshakeResult, Counter>>
  readonly handshakeDuration: Histogram
  readonly connections: Readonly<Record<'handshaking' | 'established', Gauge>>
  readonly issued: Counter
}

/** What one process counts. Every known label value is there from the start, at 0. */
export interface Metrics {
  readonly registry: Registry
  /** Which process this is: 'main' alone, 'supervisor', or the number of a worker. */
  readonly worker: string
  /** The cells of a VO, made when first asked for. */
  vo(name: string): VoMetrics
  /** For a VO that is served no longer: its series go. */
  dropVo(name: string): void
  readonly stages: Readonly<Record<Stage, Histogram>>
  denial(reason: string): Counter
  /** @param keyId hex SHA-256 of the key's SPKI, of which the beginning becomes the label */
  signatures(keyId: string, purpose: 'ac' | 'audit_head'): Results
  lintFailure(rule: string): Counter
  readonly signer: {
    readonly queueLength: Gauge
    readonly wait: Histogram
    readonly work: Histogram
    readonly hop: Histogram
  }
  readonly db: {
    readonly up: Gauge
    readonly queries: Readonly<Record<Query, Results>>
    readonly duration: Readonly<Record<Query, Histogram>>
    readonly membershipVersion: Gauge
    readonly lastRefresh: Gauge
    readonly propagation: Histogram
  }
  readonly caches: Readonly<
    Record<Cache, { readonly hits: Counter; readonly misses: Counter; readonly entries: Gauge }>
  >
  readonly trust: {
    readonly anchors: Gauge
    readonly crls: Readonly<Record<(typeof CRL_STATES)[number], Gauge>>
    readonly earliestNextUpdate: Gauge
  }
  readonly trustReloads: ReloadCells
  readonly log: LogCells
  snapshot(): Snapshot
}

/** The cells of one process that serves. A process, or a test, that nobody scrapes pays next to nothing for them. */
export function createMetrics(worker = 'main', registry = new Registry()): Metrics {
  const counter = (name: FamilyName, labels?: Labels) => registry.counter(name, labels)
  const gauge = (name: FamilyName, labels?: Labels) => registry.gauge(name, labels)
  const results = (name: FamilyName, labels: Labels = {}): Results => ({
    ok: counter(name, { ...labels, result: 'ok' }),
    failed: counter(name, { ...labels, result: 'failed' }),
  })
  const vos = new Map<string, VoMetrics>()
  const denials = new Map(DENIAL_REASONS.map(reason => [reason, counter('vouchd_denials_total', { reason })]))
  // From the start, 'other' too: an increase is seen only of what was there before.
  for (const { name } of [...LINT_RULES, { name: 'other' }])
    counter('vouchd_lint_failures_total', { check: name })

  return {
    registry,
    worker,
    vo(name) {
      const known = vos.get(name)
      if (known !== undefined) return known
      const fresh = voMetrics(registry, name)
      vos.set(name, fresh)
      return fresh
    },
    dropVo(name) {
      vos.delete(name)
      registry.drop(['vo', 'listener'], name)
    },
    stages: each(STAGES, stage => registry.histogram('vouchd_request_stage_duration_seconds', { stage })),
    denial: reason => denials.get(reason) ?? counter('vouchd_denials_total', { reason: 'other' }),
    signatures: (keyId, purpose) =>
      results('vouchd_signatures_total', { key: keyId.slice(0, KEY_LABEL_DIGITS), purpose }),
    lintFailure: rule => {
      const known = LINT_RULES.some(({ name }) => name === rule)
      return counter('vouchd_lint_failures_total', { check: known ? rule : 'other' })
    },
    signer: {
      queueLength: gauge('vouchd_signer_queue_length'),
      wait: registry.histogram('vouchd_signer_wait_seconds'),
      work: registry.histogram('vouchd_signer_work_seconds'),
      hop: registry.histogram('vouchd_signer_hop_seconds'),
    },
    db: {
      up: gauge('vouchd_db_up'),
      queries: each(QUERIES, query => results('vouchd_db_queries_total', { query })),
      duration: each(QUERIES, query => registry.histogram('vouchd_db_query_duration_seconds', { query })),
      membershipVersion: gauge('vouchd_membership_version', { worker }),
      lastRefresh: gauge('vouchd_membership_last_refresh_timestamp_seconds', { worker }),
      propagation: registry.histogram('vouchd_membership_propagation_seconds'),
    },
    caches: each(CACHES, cache => ({
      hits: counter('vouchd_cache_requests_total', { cache, result: 'hit' }),
      misses: counter('vouchd_cache_requests_total', { cache, result: 'miss' }),
      entries: gauge('vouchd_cache_entries', { cache }),
    })),
    trust: {
      anchors: gauge('vouchd_trust_anchors'),
      crls: each(CRL_STATES, state => gauge('vouchd_crls', { state })),
      earliestNextUpdate: gauge('vouchd_crl_earliest_next_update_timestamp_seconds'),
    },
    trustReloads: reloadCells(registry, 'trust'),
    log: logCells(registry),
    snapshot: () => registry.snapshot(),
  }
}

export function logCells(registry: Registry): LogCells {
  return {
    ...each(LOG_LEVELS, level => registry.counter('vouchd_log_messages_total', { level })),
    dropped: registry.counter('vouchd_log_messages_dropped_total'),
    suppressed: registry.counter('vouchd_log_messages_suppressed_total'),
  }
}

export function reloadCells(registry: Registry, subject: 'config' | 'files' | 'trust'): ReloadCells {
  return {
    ok: registry.counter('vouchd_reloads_total', { subject, result: 'ok' }),
    failed: registry.counter('vouchd_reloads_total', { subject, result: 'failed' }),
    last: registry.gauge('vouchd_last_reload_successful', { subject }),
    lastSuccess: registry.gauge('vouchd_last_reload_success_timestamp_seconds', { subject }),
  }
}

/** Enough to tell keys apart, and to compare with the log. */
const KEY_LABEL_DIGITS = 16

function voMetrics(registry: Registry, vo: string): VoMetrics {
  const listener = { listener: vo }
  const counters = <K extends string>(name: FamilyName, label: string, values: readonly K[]) =>
    each(values, value => registry.counter(name, { ...listener, [label]: value }))
  return {
    requests: each(OUTCOMES, outcome =>
      registry.counter('vouchd_requests_total', { ...listener, vo, outcome }),
    ),
    duration: registry.histogram('vouchd_request_duration_seconds', listener),
    inFlight: registry.gauge('vouchd_requests_in_flight', listener),
    shed: counters('vouchd_requests_shed_total', 'reason', SHED_REASONS),
    handshakes: counters('vouchd_tls_handshakes_total', 'result', HANDSHAKE_RESULTS),
    handshakeDuration: registry.histogram('vouchd_tls_handshake_duration_seconds', listener),
    connections: each(['handshaking', 'established'], state =>
      registry.gauge('vouchd_connections_open', { ...listener, state }),
    ),
    issued: registry.counter('vouchd_attribute_certificates_issued_total', { vo }),
  }
}

export function each<const K extends string, V>(
  keys: readonly K[],
  make: (key: K) => V,
): Readonly<Record<K, V>> {
  return Object.fromEntries(keys.map(key => [key, make(key)])) as Record<K, V>
}
