/** One panel of config/grafana.json. */
interface Panel {
  readonly title: string
  readonly about: string
  readonly unit: string
  readonly kind?: 'timeseries' | 'stat' | 'table' | 'heatmap'
  /** PromQL and legend. */
  readonly queries: readonly (readonly [expr: string, legend: string])[]
  /** Of 24. */
  readonly width?: number
}

interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

const WHO = 'job="$job", instance=~"$instance"'
const per = (family: string, by: string, more = '') =>
  `sum by (${by}) (rate(${family}{${WHO}${more}}[$__rate_interval]))`
const quantile = (q: number, family: string, by = '', more = '') =>
  `histogram_quantile(${q}, sum by (${by === '' ? 'le' : `le, ${by}`}) (rate(${family}_bucket{${WHO}${more}}[$__rate_interval])))`

export const ROWS: readonly Row[] = [
  {
    title: 'Service',
    panels: [
      {
        title: 'Error budget left',
        about: 'Of 30 days in which 99.9 % of requests may not fail by a fault of the service.',
        unit: 'percentunit',
        kind: 'stat',
        queries: [
          [
            `1 - (sum(increase(vouchd_requests_total{${WHO}, outcome="error"}[30d])) / sum(increase(vouchd_requests_total{${WHO}}[30d]))) / 0.001`,
            'left',
          ],
        ],
        width: 4,
      },
      {
        title: 'Requests by outcome',
        about: 'denied: no member, suspended, chain refused. error: a fault of the service.',
        unit: 'reqps',
        queries: [
          [per('vouchd_requests_total', 'outcome'), '{{outcome}}'],
          [`sum(vouchd_requests_in_flight{${WHO}})`, 'in flight (number)'],
        ],
        width: 10,
      },
      {
        title: 'Request duration',
        about: 'From the whole request to its answer.',
        unit: 's',
        queries: [
          [quantile(0.5, 'vouchd_request_duration_seconds'), 'p50'],
          [quantile(0.9, 'vouchd_request_duration_seconds'), 'p90'],
          [quantile(0.99, 'vouchd_request_duration_seconds'), 'p99'],
        ],
        width: 10,
      },
      {
        title: 'Durations',
        about: 'How many requests took how long.',
        unit: 's',
        kind: 'heatmap',
        queries: [
          [
            `sum by (le) (increase(vouchd_request_duration_seconds_bucket{${WHO}}[$__rate_interval]))`,
            '{{le}}',
          ],
        ],
      },
      {
        title: 'Stages',
        about: 'Mean time of each stage of a request.',
        unit: 's',
        queries: [
          [
            `${per('vouchd_request_stage_duration_seconds_sum', 'stage')} / ${per('vouchd_request_stage_duration_seconds_count', 'stage')}`,
            '{{stage}}',
          ],
        ],
      },
      {
        title: 'Shed, by reason',
        about: 'Connections and requests turned away to protect the others.',
        unit: 'reqps',
        queries: [[per('vouchd_requests_shed_total', 'reason'), '{{reason}}']],
      },
      {
        title: 'Denials, by reason',
        about: 'Error codes and reason codes of docs/errors.md.',
        unit: 'reqps',
        queries: [[`${per('vouchd_denials_total', 'reason')} > 0`, '{{reason}}']],
      },
    ],
  },
  {
    title: 'Connections',
    panels: [
      {
        title: 'Handshakes',
        about: 'Completed, failed, and not finished in time.',
        unit: 'ops',
        queries: [[per('vouchd_tls_handshakes_total', 'result'), '{{result}}']],
      },
      {
        title: 'Handshake duration',
        about: 'Of handshakes that were completed.',
        unit: 's',
        queries: [
          [quantile(0.5, 'vouchd_tls_handshake_duration_seconds'), 'p50'],
          [quantile(0.99, 'vouchd_tls_handshake_duration_seconds'), 'p99'],
        ],
      },
      {
        title: 'Open connections',
        about: 'Against the limits of [limits], of all processes together.',
        unit: 'short',
        queries: [
          [`sum by (state) (vouchd_connections_open{${WHO}})`, '{{state}}'],
          [`sum by (state) (vouchd_connections_limit{${WHO}})`, 'limit: {{state}}'],
        ],
      },
    ],
  },
  {
    title: 'Issuance',
    panels: [
      {
        title: 'ACs issued, by VO',
        about: '',
        unit: 'ops',
        queries: [[per('vouchd_attribute_certificates_issued_total', 'vo'), '{{vo}}']],
      },
      {
        title: 'Signed and recorded',
        about: 'The two lines lie on each other: nothing is signed without a record.',
        unit: 'ops',
        queries: [
          [per('vouchd_signatures_total', 'purpose', ', result="ok"'), 'signed: {{purpose}}'],
          [per('vouchd_audit_records_total', 'kind', ', kind="intent", result="ok"'), 'recorded'],
          [per('vouchd_audit_records_total', 'kind', ', result="failed"'), 'not recorded: {{kind}}'],
          [per('vouchd_lint_failures_total', 'check'), 'broke a rule: {{check}}'],
        ],
      },
      {
        title: 'Signing threads',
        about: 'Waiting for one, its work, and the way there and back; p99.',
        unit: 's',
        queries: [
          [quantile(0.99, 'vouchd_signer_wait_seconds'), 'wait'],
          [quantile(0.99, 'vouchd_signer_work_seconds'), 'work'],
          [quantile(0.99, 'vouchd_signer_hop_seconds'), 'hop'],
        ],
      },
      {
        title: 'Signing queue',
        about: 'Values that wait for a thread. At signing.maxQueue the next is refused.',
        unit: 'short',
        queries: [[`sum(vouchd_signer_queue_length{${WHO}})`, 'waiting']],
      },
    ],
  },
  {
    title: 'Audit',
    panels: [
      {
        title: 'Audit commit',
        about: 'Time to make a batch of records durable.',
        unit: 's',
        queries: [
          [quantile(0.5, 'vouchd_audit_commit_duration_seconds'), 'p50'],
          [quantile(0.99, 'vouchd_audit_commit_duration_seconds'), 'p99'],
        ],
      },
      {
        title: 'Records in a batch',
        about: 'Written together; more of them under load.',
        unit: 'short',
        queries: [
          [quantile(0.5, 'vouchd_audit_batch_records'), 'p50'],
          [quantile(0.99, 'vouchd_audit_batch_records'), 'p99'],
        ],
      },
      {
        title: 'Audit volume',
        about: 'Free space.',
        unit: 'bytes',
        queries: [[`vouchd_audit_volume_free_bytes{${WHO}}`, '{{instance}}']],
      },
      {
        title: 'Audit chain',
        about: 'Since when it was last found whole and its heads were signed.',
        unit: 's',
        kind: 'stat',
        queries: [[`time() - vouchd_audit_last_verified_timestamp_seconds{${WHO}}`, '{{instance}}']],
      },
    ],
  },
  {
    title: 'Members',
    panels: [
      {
        title: 'Database',
        about: '1 while it answers every process.',
        unit: 'bool_on_off',
        kind: 'stat',
        queries: [[`min(vouchd_db_up{${WHO}})`, 'answers']],
        width: 4,
      },
      {
        title: 'Questions to the database',
        about: '',
        unit: 'ops',
        queries: [[per('vouchd_db_queries_total', 'query, result'), '{{query}} {{result}}']],
        width: 10,
      },
      {
        title: 'Answers of the database',
        about: 'p99',
        unit: 's',
        queries: [[quantile(0.99, 'vouchd_db_query_duration_seconds', 'query'), '{{query}}']],
        width: 10,
      },
      {
        title: 'Connections to the database',
        about: 'Of a server; an embedded database has none.',
        unit: 'short',
        queries: [[`sum by (state) (vouchd_db_pool_connections{${WHO}})`, '{{state}}']],
      },
      {
        title: 'Version of the members',
        about: 'The same in every process but for a moment.',
        unit: 'short',
        queries: [[`vouchd_membership_version{${WHO}}`, '{{instance}} {{worker}}']],
      },
      {
        title: 'Age of the members',
        about: 'Since when each process last knew what the database knows.',
        unit: 's',
        queries: [
          [`time() - vouchd_membership_last_refresh_timestamp_seconds{${WHO}}`, '{{instance}} {{worker}}'],
        ],
      },
      {
        title: 'Changes take effect',
        about: 'Upper bound on the time from a change to its effect.',
        unit: 's',
        queries: [
          [quantile(0.5, 'vouchd_membership_propagation_seconds'), 'p50'],
          [quantile(0.99, 'vouchd_membership_propagation_seconds'), 'p99'],
        ],
      },
      {
        title: 'Caches: hits',
        about: 'Of the questions to each cache.',
        unit: 'percentunit',
        queries: [
          [
            `${per('vouchd_cache_requests_total', 'cache', ', result="hit"')} / ${per('vouchd_cache_requests_total', 'cache')}`,
            '{{cache}}',
          ],
        ],
      },
      {
        title: 'Caches: entries',
        about: 'Of all processes together.',
        unit: 'short',
        queries: [[`sum by (cache) (vouchd_cache_entries{${WHO}})`, '{{cache}}']],
      },
    ],
  },
  {
    title: 'Trust and certificates',
    panels: [
      {
        title: 'CAs and revocation lists',
        about: '',
        unit: 'short',
        queries: [
          [`min(vouchd_trust_anchors{${WHO}})`, 'CAs'],
          [`max by (state) (vouchd_crls{${WHO}})`, 'CRLs {{state}}'],
        ],
      },
      {
        title: 'First CRL to expire',
        about: 'Time left.',
        unit: 's',
        kind: 'stat',
        queries: [[`min(vouchd_crl_earliest_next_update_timestamp_seconds{${WHO}}) - time()`, 'left']],
      },
      {
        title: 'Certificates',
        about: 'Time left of each.',
        unit: 's',
        kind: 'table',
        queries: [
          [
            `sort(min by (vo, usage) (vouchd_certificate_not_after_timestamp_seconds{${WHO}}) - time())`,
            '{{vo}} {{usage}}',
          ],
        ],
      },
    ],
  },
  {
    title: 'Processes',
    panels: [
      {
        title: 'Event loop delay',
        about: 'p99 of how late timers ran.',
        unit: 's',
        queries: [[quantile(0.99, 'vouchd_event_loop_delay_seconds', 'instance'), '{{instance}}']],
      },
      {
        title: 'Busy',
        about: 'Share of time that each event loop works, and processor time of each process.',
        unit: 'percentunit',
        queries: [
          [`rate(vouchd_event_loop_busy_seconds_total{${WHO}}[$__rate_interval])`, 'loop {{worker}}'],
          [`rate(process_cpu_seconds_total{${WHO}}[$__rate_interval])`, 'CPU {{worker}}'],
        ],
      },
      {
        title: 'Memory',
        about: '',
        unit: 'bytes',
        queries: [
          [`process_resident_memory_bytes{${WHO}}`, 'resident {{worker}}'],
          [`process_heap_bytes{${WHO}}`, 'heap {{worker}}'],
        ],
      },
      {
        title: 'File descriptors',
        about: 'Share of what each process may open.',
        unit: 'percentunit',
        queries: [[`process_open_fds{${WHO}} / process_max_fds{${WHO}}`, '{{worker}}']],
      },
      {
        title: 'Workers',
        about: 'By state, and how often one was started in place of another.',
        unit: 'short',
        queries: [
          [`sum by (state) (vouchd_workers{${WHO}})`, '{{state}}'],
          [
            `sum by (reason) (increase(vouchd_worker_restarts_total{${WHO}}[$__rate_interval]))`,
            'restart: {{reason}}',
          ],
        ],
      },
      {
        title: 'Running for',
        about: '',
        unit: 's',
        kind: 'stat',
        queries: [[`time() - process_start_time_seconds{${WHO}}`, '{{worker}}']],
      },
      {
        title: 'Reloads',
        about: 'Taken and refused.',
        unit: 'short',
        queries: [
          [
            `sum by (subject, result) (increase(vouchd_reloads_total{${WHO}}[$__rate_interval]))`,
            '{{subject}} {{result}}',
          ],
          [`min by (subject) (vouchd_last_reload_successful{${WHO}})`, 'last one taken: {{subject}}'],
        ],
      },
      {
        title: 'Last reload taken',
        about: 'How long ago.',
        unit: 's',
        kind: 'stat',
        queries: [
          [`time() - min by (subject) (vouchd_last_reload_success_timestamp_seconds{${WHO}})`, '{{subject}}'],
        ],
      },
      {
        title: 'Administration and clock',
        about: 'Actions over the control socket; jumps of the wall clock.',
        unit: 'short',
        queries: [
          [
            `sum by (action, result) (increase(vouchd_admin_actions_total{${WHO}}[$__rate_interval]))`,
            '{{action}} {{result}}',
          ],
          [
            `sum by (direction) (increase(vouchd_clock_steps_total{${WHO}}[$__rate_interval]))`,
            'clock {{direction}}',
          ],
        ],
      },
      {
        title: 'Log',
        about: 'Lines by level, repetitions left out, and lines lost since nobody took them.',
        unit: 'ops',
        queries: [
          [per('vouchd_log_messages_total', 'level'), '{{level}}'],
          [per('vouchd_log_messages_suppressed_total', 'job'), 'left out'],
          [per('vouchd_log_messages_dropped_total', 'job'), 'lost'],
        ],
      },
      {
        title: 'Build',
        about: '',
        unit: 'short',
        kind: 'table',
        queries: [
          [
            `max by (instance, version, revision, node, openssl) (vouchd_build_info{${WHO}})`,
            '{{instance}} {{version}}',
          ],
        ],
      },
    ],
  },
]

const DATA_SOURCE = { type: 'prometheus', uid: '$datasource' }

/** The text of config/grafana.json. */
export function renderDashboard(): string {
  const panels: object[] = []
  let id = 0
  let y = 0
  for (const row of ROWS) {
    panels.push({
      id: ++id,
      type: 'row',
      title: row.title,
      collapsed: false,
      gridPos: { x: 0, y: y++, w: 24, h: 1 },
      panels: [],
    })
    let x = 0
    for (const panel of row.panels) {
      const width = panel.width ?? 8
      if (x + width > 24) {
        x = 0
        y += HEIGHT
      }
      panels.push(renderPanel(panel, ++id, { x, y, w: width, h: HEIGHT }))
      x += width
    }
    y += HEIGHT
  }
  const dashboard = {
    uid: 'vouchd',
    title: 'vouchd',
    description: 'Issuing VOMS attribute certificates. Each family is explained in docs/metrics.md.',
    tags: ['vouchd', 'voms'],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        variable('job', 'Job', 'label_values(vouchd_build_info, job)', false),
        variable('instance', 'Instance', 'label_values(vouchd_build_info{job="$job"}, instance)', true),
      ],
    },
    panels,
  }
  return `${JSON.stringify(dashboard, undefined, 2)}\n`
}

const HEIGHT = 8

function variable(name: string, label: string, query: string, several: boolean) {
  return {
    name,
    label,
    type: 'query',
    datasource: DATA_SOURCE,
    definition: query,
    query: { query, refId: name },
    refresh: 2,
    sort: 1,
    multi: several,
    includeAll: several,
  }
}

function renderPanel(panel: Panel, id: number, gridPos: object) {
  const { title, about, unit, queries, kind = 'timeseries' } = panel
  return {
    id,
    type: kind,
    title,
    ...(about !== '' && { description: about }),
    datasource: DATA_SOURCE,
    gridPos,
    fieldConfig: { defaults: { unit, ...(kind === 'timeseries' && { min: 0 }) }, overrides: [] },
    options: kind === 'heatmap' ? { calculate: false, yAxis: { unit } } : {},
    targets: queries.map(([expr, legendFormat], index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      datasource: DATA_SOURCE,
      expr,
      legendFormat,
      ...(kind === 'heatmap' && { format: 'heatmap' }),
      ...(kind === 'table' && { format: 'table', instant: true }),
    })),
  }
}
