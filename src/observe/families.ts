/** One metric family: what it counts and how the values of several processes become one. */
export interface FamilySpec {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram, in the unit of its name. */
  readonly buckets?: readonly number[]
  /** How the same gauge of several processes is merged; counters and histograms are added up. */
  readonly merge?: 'sum' | 'min' | 'max'
}

const REQUEST = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const STAGE = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]
const AUDIT_COMMIT = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5]
const LOOP_DELAY = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]
const PROPAGATION = [0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300, 900]
const BATCH = [1, 2, 4, 8, 16, 32, 64, 128, 256]

function counter(help: string, ...labels: string[]): FamilySpec {
  return { type: 'counter', help, labels }
}
function gauge(merge: 'sum' | 'min' | 'max', help: string, ...labels: string[]): FamilySpec {
  return { type: 'gauge', help, labels, merge }
}
function histogram(buckets: readonly number[], help: string, ...labels: string[]): FamilySpec {
  return { type: 'histogram', help, labels, buckets }
}

/**
 * Every family that vouchd exports, declared here and nowhere else; docs/metrics.md and the dashboard are proven to
 * have the same. `listener` is the name of the VO whose ports are meant, `worker` the number of a process, which
 * its successor inherits. No label ever holds a name of a person, an FQAN, an address or a secret.
 */
export const FAMILIES = {
  // Requests
  vouchd_requests_total: counter('Requests answered, by outcome.', 'listener', 'vo', 'outcome'),
  vouchd_request_duration_seconds: histogram(REQUEST, 'Time from a whole request to its answer.', 'listener'),
  vouchd_request_stage_duration_seconds: histogram(STAGE, 'Time that one stage of a request took.', 'stage'),
  vouchd_requests_in_flight: gauge('sum', 'Requests being served now.', 'listener'),
  vouchd_requests_shed_total: counter(
    'Connections and requests turned away to protect the others.',
    'listener',
    'reason',
  ),
  vouchd_denials_total: counter('Requests denied, by error code or reason code of the chain.', 'reason'),

  // TLS
  vouchd_tls_handshakes_total: counter('TLS handshakes that ended, by result.', 'listener', 'result'),
  vouchd_tls_handshake_duration_seconds: histogram(STAGE, 'Time that completed handshakes took.', 'listener'),
  vouchd_connections_open: gauge('sum', 'Connections open now.', 'listener', 'state'),
  vouchd_connections_limit: gauge('sum', 'Most connections that are kept open.', 'listener', 'state'),

  // Issuance
  vouchd_attribute_certificates_issued_total: counter('Attribute certificates issued.', 'vo'),
  vouchd_signatures_total: counter('Signatures made or failed, by key.', 'key', 'purpose', 'result'),
  vouchd_lint_failures_total: counter('Certificates stopped before they were signed, by rule.', 'check'),
  vouchd_signer_queue_length: gauge('sum', 'Values that wait for a signing thread.'),
  vouchd_signer_wait_seconds: histogram(STAGE, 'Longest wait for a thread in each batch of signatures.'),
  vouchd_signer_work_seconds: histogram(STAGE, 'Time that a thread spent signing a batch.'),
  vouchd_signer_hop_seconds: histogram(STAGE, 'Time for a batch to its thread and back, without the work.'),

  // Audit
  vouchd_audit_records_total: counter(
    'Audit records that became durable or did not, by kind; clock_behind: refused, the clock is behind the newest.',
    'kind',
    'result',
  ),
  vouchd_audit_commit_duration_seconds: histogram(AUDIT_COMMIT, 'Time to make a batch of records durable.'),
  vouchd_audit_batch_records: histogram(BATCH, 'Records made durable together.'),
  vouchd_audit_volume_free_bytes: gauge('min', 'Free space on the volume of the audit records.'),
  vouchd_audit_last_verified_timestamp_seconds: gauge('min', 'When the audit chain was last found whole.'),

  // Data
  vouchd_db_up: gauge('min', '1 while the database answers every process, else 0.'),
  vouchd_db_queries_total: counter('Questions to the database, by result.', 'query', 'result'),
  vouchd_db_query_duration_seconds: histogram(REQUEST, 'Time until the database answered.', 'query'),
  vouchd_db_pool_connections: gauge('sum', 'Connections to the database server.', 'state'),
  vouchd_membership_version: gauge('max', 'Number of the newest change that the process has seen.', 'worker'),
  vouchd_membership_last_refresh_timestamp_seconds: gauge(
    'max',
    'When the process last knew what the database knows.',
    'worker',
  ),
  vouchd_membership_propagation_seconds: histogram(
    PROPAGATION,
    'Upper bound on the time from a change of members to its effect.',
  ),
  vouchd_cache_requests_total: counter('Questions to the caches in memory, by result.', 'cache', 'result'),
  vouchd_cache_entries: gauge('sum', 'Entries that the caches in memory hold.', 'cache'),

  // Trust and keys
  vouchd_trust_anchors: gauge('min', 'CA certificates in use.'),
  vouchd_crls: gauge('max', 'Revocation lists, by state.', 'state'),
  vouchd_crl_earliest_next_update_timestamp_seconds: gauge('min', 'When the first valid CRL expires.'),
  vouchd_certificate_not_after_timestamp_seconds: gauge(
    'min',
    'When a certificate of the daemon expires.',
    'usage',
    'vo',
  ),

  // Operation
  vouchd_build_info: gauge('max', 'Always 1; what is running.', 'version', 'revision', 'node', 'openssl'),
  vouchd_reloads_total: counter('Reloads, by what was reloaded and result.', 'subject', 'result'),
  vouchd_last_reload_successful: gauge('min', '1 when the last reload was taken, else 0.', 'subject'),
  vouchd_last_reload_success_timestamp_seconds: gauge('min', 'When a reload was last taken.', 'subject'),
  vouchd_workers: gauge('sum', 'Worker processes, by state.', 'state'),
  vouchd_worker_restarts_total: counter(
    "Processes started in place of another: workers, and with reason database the embedded database's owner.",
    'reason',
  ),
  vouchd_event_loop_delay_seconds: histogram(LOOP_DELAY, 'How late timers of the event loops ran.'),
  vouchd_event_loop_busy_seconds_total: counter('Time that an event loop was busy.', 'worker'),
  vouchd_clock_steps_total: counter('Jumps of the wall clock by more than two seconds.', 'direction'),
  vouchd_admin_actions_total: counter('Actions asked for over the control socket.', 'action', 'result'),
  vouchd_log_messages_total: counter('Log records written, by level.', 'level'),
  vouchd_log_messages_dropped_total: counter('Log records lost since nobody took them.'),
  vouchd_log_messages_suppressed_total: counter('Log records left out as repetitions of others.'),

  // Processes
  process_cpu_seconds_total: counter('Processor time, user and system.', 'worker'),
  process_start_time_seconds: gauge('max', 'When the process started.', 'worker'),
  process_resident_memory_bytes: gauge('max', 'Resident memory.', 'worker'),
  process_heap_bytes: gauge('max', 'Memory in use by the JavaScript heap.', 'worker'),
  process_open_fds: gauge('max', 'Open file descriptors.', 'worker'),
  process_max_fds: gauge('max', 'Most file descriptors that the process may open.', 'worker'),
} as const satisfies Record<string, FamilySpec>

export type FamilyName = keyof typeof FAMILIES
