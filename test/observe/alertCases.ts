/** Values of one series over the minutes of a test, in promtool's notation: START+STEPxCOUNT, or START-STEPxCOUNT. */
type Series = Readonly<Record<string, string>>

export interface AlertCase {
  readonly name: string
  /** Beside, or in place of, the series of a daemon that is well. */
  readonly series: Series
  /** When it is looked at. */
  readonly minutes: number
  /** Every alert that fires then, with its severity; no other does. */
  readonly fires: readonly (readonly [alert: string, severity: 'page' | 'ticket'])[]
}

/** Stands for as many as the case needs. */
const MINUTES = 'N'
const DAY = 86_400
const WHO = 'job="vouchd", instance="voms:9469"'
const flat = (value: number) => `${value}+0x${MINUTES}`
const grows = (perMinute: number) => `0+${perMinute}x${MINUTES}`
/** As `first`, and from a minute on as `second`. */
const turns = (minute: number, first: string, second: string) => `${first}x${minute - 1} ${second}x${MINUTES}`

/** What a daemon with two workers exports while it is well, as far as alerts look at it. */
const WELL: Series = {
  [`vouchd_build_info{${WHO}, version="1"}`]: flat(1),
  [`vouchd_requests_total{${WHO}, vo="v", outcome="issued"}`]: grows(600),
  [`vouchd_requests_total{${WHO}, vo="v", outcome="denied"}`]: grows(60),
  [`vouchd_requests_total{${WHO}, vo="v", outcome="error"}`]: flat(0),
  [`vouchd_request_duration_seconds_bucket{${WHO}, le="0.01"}`]: grows(600),
  [`vouchd_request_duration_seconds_bucket{${WHO}, le="1"}`]: grows(660),
  [`vouchd_request_duration_seconds_bucket{${WHO}, le="2.5"}`]: grows(660),
  [`vouchd_request_duration_seconds_bucket{${WHO}, le="+Inf"}`]: grows(660),
  [`vouchd_requests_shed_total{${WHO}, reason="pending_tls"}`]: flat(0),
  [`vouchd_requests_shed_total{${WHO}, reason="queue"}`]: flat(0),
  [`vouchd_signatures_total{${WHO}, key="k", purpose="ac", result="ok"}`]: grows(600),
  [`vouchd_audit_records_total{${WHO}, kind="intent", result="ok"}`]: grows(600),
  [`vouchd_audit_records_total{${WHO}, kind="intent", result="failed"}`]: flat(0),
  [`vouchd_audit_records_total{${WHO}, kind="intent", result="clock_behind"}`]: flat(0),
  [`vouchd_audit_last_verified_timestamp_seconds{${WHO}}`]: grows(60),
  [`vouchd_audit_volume_free_bytes{${WHO}}`]: `100000000000-1000000x${MINUTES}`,
  [`vouchd_lint_failures_total{${WHO}, check="holder"}`]: flat(0),
  [`vouchd_membership_last_refresh_timestamp_seconds{${WHO}, worker="0"}`]: grows(60),
  [`vouchd_membership_last_refresh_timestamp_seconds{${WHO}, worker="1"}`]: grows(60),
  [`vouchd_membership_version{${WHO}, worker="0"}`]: flat(7),
  [`vouchd_membership_version{${WHO}, worker="1"}`]: flat(7),
  [`vouchd_crls{${WHO}, state="valid"}`]: flat(100),
  [`vouchd_crls{${WHO}, state="expired"}`]: flat(0),
  [`vouchd_crls{${WHO}, state="unreadable"}`]: flat(0),
  [`vouchd_crl_earliest_next_update_timestamp_seconds{${WHO}}`]: flat(5 * DAY),
  [`vouchd_certificate_not_after_timestamp_seconds{${WHO}, usage="ac", vo="v"}`]: flat(300 * DAY),
  [`vouchd_last_reload_successful{${WHO}, subject="config"}`]: flat(1),
  [`vouchd_last_reload_successful{${WHO}, subject="trust"}`]: flat(1),
  [`vouchd_event_loop_delay_seconds_bucket{${WHO}, le="0.05"}`]: grows(1200),
  [`vouchd_event_loop_delay_seconds_bucket{${WHO}, le="0.25"}`]: grows(1200),
  [`vouchd_event_loop_delay_seconds_bucket{${WHO}, le="0.5"}`]: grows(1200),
  [`vouchd_event_loop_delay_seconds_bucket{${WHO}, le="+Inf"}`]: grows(1200),
  [`process_open_fds{${WHO}, worker="0"}`]: flat(200),
  [`process_max_fds{${WHO}, worker="0"}`]: flat(65_536),
  [`process_resident_memory_bytes{${WHO}, worker="0"}`]: `200000000+10000x${MINUTES}`,
  [`vouchd_worker_restarts_total{${WHO}, reason="crash"}`]: flat(0),
  [`vouchd_worker_restarts_total{${WHO}, reason="start"}`]: flat(0),
  [`vouchd_clock_steps_total{${WHO}, direction="forward"}`]: flat(0),
  [`vouchd_clock_steps_total{${WHO}, direction="back"}`]: flat(0),
  // Another program that Prometheus scrapes, and that no alert of ours may speak of.
  'process_open_fds{job="other"}': flat(99),
  'process_max_fds{job="other"}': flat(100),
  'process_resident_memory_bytes{job="other"}': grows(10_000_000),
}

export const ALERT_CASES: readonly AlertCase[] = [
  { name: 'all is well', series: {}, minutes: 890, fires: [] },
  {
    name: 'a deployment that restarts both workers',
    series: { [`vouchd_worker_restarts_total{${WHO}, reason="crash"}`]: turns(100, '0+0', '2+0') },
    minutes: 105,
    fires: [],
  },
  {
    name: 'a tenth of the requests fails',
    series: { [`vouchd_requests_total{${WHO}, vo="v", outcome="error"}`]: grows(66) },
    minutes: 65,
    fires: [
      ['VomsErrorBudgetFastBurn', 'page'],
      ['VomsErrorBudgetSlowBurn', 'page'],
    ],
  },
  {
    name: 'one request in a hundred fails for hours',
    series: { [`vouchd_requests_total{${WHO}, vo="v", outcome="error"}`]: grows(6) },
    minutes: 370,
    fires: [['VomsErrorBudgetSlowBurn', 'page']],
  },
  {
    name: 'requests failed an hour ago',
    series: { [`vouchd_requests_total{${WHO}, vo="v", outcome="error"}`]: `0+66x20 1320+0x${MINUTES}` },
    minutes: 75,
    fires: [],
  },
  {
    name: 'two requests in a hundred take seconds',
    series: {
      [`vouchd_request_duration_seconds_bucket{${WHO}, le="1"}`]: grows(646),
    },
    minutes: 30,
    fires: [['VomsLatencyHigh', 'page']],
  },
  {
    name: 'a crowd of stalled handshakes',
    series: { [`vouchd_requests_shed_total{${WHO}, reason="pending_tls"}`]: grows(100) },
    minutes: 30,
    fires: [['VomsShedding', 'ticket']],
  },
  {
    name: 'ACs are signed without a record',
    series: {
      [`vouchd_audit_records_total{${WHO}, kind="intent", result="ok"}`]: turns(60, '0+600', '36000+590'),
    },
    minutes: 70,
    fires: [['VomsIssuedNotAudited', 'page']],
  },
  {
    name: 'the audit volume is full',
    series: {
      [`vouchd_audit_records_total{${WHO}, kind="intent", result="failed"}`]: turns(60, '0+0', '0+1'),
    },
    minutes: 65,
    fires: [['VomsAuditWriteFailing', 'page']],
  },
  {
    name: 'the clock was set back for good',
    series: {
      [`vouchd_audit_records_total{${WHO}, kind="intent", result="clock_behind"}`]: turns(60, '0+0', '0+1'),
    },
    minutes: 65,
    fires: [['VomsAuditClockBehind', 'page']],
  },
  {
    name: 'heads are signed no longer',
    series: { [`vouchd_audit_last_verified_timestamp_seconds{${WHO}}`]: turns(60, '0+60', '3600+0') },
    minutes: 220,
    fires: [['VomsAuditChainStale', 'ticket']],
  },
  {
    name: 'what is on disk is not what was written',
    series: { [`vouchd_audit_last_verified_timestamp_seconds{${WHO}}`]: flat(0) },
    minutes: 160,
    fires: [['VomsAuditChainStale', 'ticket']],
  },
  {
    name: 'the audit volume fills',
    series: { [`vouchd_audit_volume_free_bytes{${WHO}}`]: `100000000000-50000000x${MINUTES}` },
    minutes: 60,
    fires: [['VomsAuditVolumeFilling', 'ticket']],
  },
  {
    name: 'the database is away from one worker',
    series: {
      [`vouchd_membership_last_refresh_timestamp_seconds{${WHO}, worker="1"}`]: turns(60, '0+60', '3600+0'),
    },
    minutes: 65,
    fires: [['VomsMembershipStale', 'page']],
  },
  {
    name: 'one worker does not hear of changes',
    series: { [`vouchd_membership_version{${WHO}, worker="0"}`]: turns(60, '7+0', '8+0') },
    minutes: 65,
    fires: [['VomsWorkersDisagree', 'page']],
  },
  {
    name: 'a revocation list has expired',
    series: { [`vouchd_crls{${WHO}, state="expired"}`]: flat(1) },
    minutes: 35,
    fires: [['VomsCrlBroken', 'page']],
  },
  {
    name: 'a revocation list is damaged',
    series: { [`vouchd_crls{${WHO}, state="unreadable"}`]: flat(1) },
    minutes: 35,
    fires: [['VomsCrlBroken', 'page']],
  },
  {
    name: 'fetch-crl does not run',
    series: { [`vouchd_crl_earliest_next_update_timestamp_seconds{${WHO}}`]: flat(DAY) },
    minutes: 65,
    fires: [['VomsCrlExpiring', 'ticket']],
  },
  {
    name: 'a certificate expires in ten days',
    series: {
      [`vouchd_certificate_not_after_timestamp_seconds{${WHO}, usage="ac", vo="v"}`]: flat(10 * DAY),
    },
    minutes: 5,
    fires: [['VomsCertificateExpiring', 'ticket']],
  },
  {
    name: 'a certificate expires in two days',
    series: {
      [`vouchd_certificate_not_after_timestamp_seconds{${WHO}, usage="ac", vo="v"}`]: flat(2 * DAY),
    },
    minutes: 5,
    fires: [
      ['VomsCertificateExpiring', 'page'],
      ['VomsCertificateExpiring', 'ticket'],
    ],
  },
  {
    name: 'an AC broke a rule and was not signed',
    series: { [`vouchd_lint_failures_total{${WHO}, check="holder"}`]: turns(60, '0+0', '1+0') },
    minutes: 62,
    fires: [['VomsLintHaltedIssuance', 'page']],
  },
  {
    name: 'a configuration was refused',
    series: { [`vouchd_last_reload_successful{${WHO}, subject="config"}`]: turns(60, '1+0', '0+0') },
    minutes: 70,
    fires: [['VomsReloadFailed', 'ticket']],
  },
  {
    name: 'something blocks the processes',
    series: {
      [`vouchd_event_loop_delay_seconds_bucket{${WHO}, le="0.05"}`]: grows(1180),
      [`vouchd_event_loop_delay_seconds_bucket{${WHO}, le="0.25"}`]: grows(1180),
    },
    minutes: 20,
    fires: [['VomsEventLoopBlocked', 'ticket']],
  },
  {
    name: 'a flood takes the file descriptors',
    series: { [`process_open_fds{${WHO}, worker="0"}`]: flat(60_000) },
    minutes: 5,
    fires: [['VomsFdsNearLimit', 'page']],
  },
  {
    name: 'a worker dies again and again',
    series: { [`vouchd_worker_restarts_total{${WHO}, reason="start"}`]: turns(60, '0+0', '0+1') },
    minutes: 70,
    fires: [['VomsWorkerCrashLoop', 'page']],
  },
  {
    name: 'memory leaks',
    series: { [`process_resident_memory_bytes{${WHO}, worker="0"}`]: `200000000+500000x${MINUTES}` },
    minutes: 800,
    fires: [['VomsMemoryGrowing', 'ticket']],
  },
  {
    name: 'the clock jumps',
    series: { [`vouchd_clock_steps_total{${WHO}, direction="back"}`]: turns(60, '0+0', '1+0') },
    minutes: 65,
    fires: [['VomsClockStepped', 'ticket']],
  },
  {
    name: 'the daemon is gone',
    series: Object.fromEntries(
      Object.keys(WELL).map(name => [name, name.includes('other') ? flat(1) : `1+0x10 stale`]),
    ),
    minutes: 30,
    fires: [['VomsAbsent', 'page']],
  },
]

const HEADER = `# For each fault the alerts that fire, and that no other does: promtool test rules config/alerts.test.yml
# Written from test/observe/alertCases.ts; UPDATE_DOCS=1 writes it anew.
`

/** The text of config/alerts.test.yml. */
export function renderAlertTests(cases: readonly AlertCase[] = ALERT_CASES): string {
  const lines = [HEADER, 'rule_files: [alerts.yml]', 'evaluation_interval: 1m', 'tests:']
  for (const { name, series, minutes, fires } of cases) {
    lines.push(`  - name: ${name}`, '    interval: 1m', '    input_series:')
    for (const [one, values] of Object.entries({ ...WELL, ...series })) {
      lines.push(`      - { series: '${one}', values: '${values.replaceAll('xN', `x${minutes + 1}`)}' }`)
    }
    lines.push(...renderExpectation(minutes, fires))
  }
  return `${lines.join('\n')}\n`
}

/** What promtool is to find firing at a minute. */
export function renderExpectation(minutes: number, fires: AlertCase['fires']): string[] {
  const lines = [
    '    promql_expr_test:',
    `      - expr: group by (alertname, severity) (ALERTS{alertstate="firing"})`,
    `        eval_time: ${minutes}m`,
  ]
  if (fires.length === 0) return [...lines, '        exp_samples: []']
  lines.push('        exp_samples:')
  for (const [alert, severity] of fires) {
    lines.push(`          - { labels: '{alertname="${alert}", severity="${severity}"}', value: 1 }`)
  }
  return lines
}
