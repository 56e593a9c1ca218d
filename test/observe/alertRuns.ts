const INTRODUCTION = `Each alert fires for what a real daemon exports in the fault, and no other does with it; none fires for one that is well.
\`test/observe/alertsOfRuns.test.ts\` brings each fault about, takes what the daemon exports before and in it, and lets
Prometheus judge that, with time stretched: what a counter gained in the fault it gains again each minute,
memory each hour. Where a fault has several rows, its alerts fire together.
`

type Severity = 'page' | 'ticket'

/** A fault that is brought about with a daemon, and what its metrics then lead to. */
interface AlertRun {
  readonly fault: string
  /** After the fault began, on Prometheus' clock. */
  readonly minutes: number
  /** Every alert that fires then; no other does. */
  readonly fires: readonly (readonly [alert: string, severity: Severity])[]
}

const BURN = [
  ['VomsErrorBudgetFastBurn', 'page'],
  ['VomsErrorBudgetSlowBurn', 'page'],
] as const

/** By the name that test/observe/alertsOfRuns.test.ts brings it about under. */
export const ALERT_RUNS = {
  well: { fault: 'none: clients ask', minutes: 790, fires: [] },
  wellOfSeveral: { fault: 'none: clients ask two workers', minutes: 120, fires: [] },
  clock: { fault: 'the clock jumps by an hour', minutes: 10, fires: [['VomsClockStepped', 'ticket']] },
  clockBehind: {
    fault: 'the clock is set back by ten minutes, and clients ask',
    minutes: 10,
    fires: [['VomsAuditClockBehind', 'page'], ['VomsClockStepped', 'ticket'], ...BURN],
  },
  crlExpiring: {
    fault: 'a CRL is installed that expires in twelve hours',
    minutes: 70,
    fires: [['VomsCrlExpiring', 'ticket']],
  },
  crlBroken: {
    fault: 'a CRL is installed that has expired',
    minutes: 40,
    fires: [['VomsCrlBroken', 'page']],
  },
  database: {
    fault: 'the database is stopped (SIGSTOP), and a cached member asks',
    minutes: 10,
    fires: [['VomsMembershipStale', 'page']],
  },
  requests: {
    fault: 'the database is stopped (SIGSTOP), and a member asks who is not cached',
    minutes: 10,
    fires: [...BURN, ['VomsMembershipStale', 'page']],
  },
  slow: {
    fault: 'the database answers after more than a second',
    minutes: 16,
    fires: [['VomsLatencyHigh', 'page']],
  },
  blocked: {
    fault: 'the process computes for 0.6 s at a time',
    minutes: 10,
    fires: [['VomsEventLoopBlocked', 'ticket']],
  },
  leak: {
    fault: '128 MB are kept, and as much again each hour',
    minutes: 380,
    fires: [['VomsMemoryGrowing', 'ticket']],
  },
  lint: {
    fault: 'a bit in the memory of the process flips, so that no AC passes the lint',
    minutes: 10,
    fires: [['VomsLintHaltedIssuance', 'page'], ...BURN],
  },
  filling: {
    fault: 'a file takes a third of the volume of the audit',
    minutes: 40,
    fires: [['VomsAuditVolumeFilling', 'ticket']],
  },
  full: {
    fault: 'the volume of the audit is full',
    minutes: 10,
    fires: [['VomsAuditWriteFailing', 'page'], ...BURN],
  },
  trust: { fault: 'the trust directory is gone', minutes: 10, fires: [['VomsReloadFailed', 'ticket']] },
  damaged: {
    fault: 'an octet of a record is changed on disk',
    minutes: 40,
    fires: [['VomsAuditChainStale', 'ticket']],
  },
  unrecorded: {
    fault: 'the volume of the audit is full, with audit.onFull = "alarm"',
    minutes: 10,
    fires: [
      ['VomsAuditWriteFailing', 'page'],
      ['VomsIssuedNotAudited', 'page'],
    ],
  },
  shed: {
    fault: 'one address opens more connections than limits.addressConnectionsPerMinute',
    minutes: 16,
    fires: [['VomsShedding', 'ticket']],
  },
  deaf: {
    fault: 'one of two workers is stopped (SIGSTOP) while a member changes',
    minutes: 5,
    fires: [['VomsWorkersDisagree', 'page']],
  },
  dying: { fault: 'a worker is killed each minute', minutes: 10, fires: [['VomsWorkerCrashLoop', 'page']] },
  expiring: {
    fault: 'a host certificate is put in place that expires in ten days',
    minutes: 2,
    fires: [['VomsCertificateExpiring', 'ticket']],
  },
  expiringSoon: {
    fault: 'a host certificate is put in place that expires in two days',
    minutes: 2,
    fires: [
      ['VomsCertificateExpiring', 'page'],
      ['VomsCertificateExpiring', 'ticket'],
    ],
  },
  descriptors: {
    fault: 'a crowd of silent connections takes four fifths of the file descriptors',
    minutes: 5,
    fires: [['VomsFdsNearLimit', 'page']],
  },
  gone: { fault: 'the daemon is stopped', minutes: 12, fires: [['VomsAbsent', 'page']] },
} as const satisfies Record<string, AlertRun>

export type AlertRunName = keyof typeof ALERT_RUNS

/** The table of docs/operations.md: a row for each alert and each fault that it was seen to fire for. */
export function renderAlertRuns(alerts: readonly string[]): string {
  const runs: readonly (readonly [string, AlertRun])[] = Object.entries(ALERT_RUNS)
  const rows = alerts.flatMap(alert =>
    runs.flatMap(([name, { fault, minutes, fires }]) => {
      const severities = fires.filter(([fired]) => fired === alert).map(([, severity]) => severity)
      return severities.length === 0
        ? []
        : [`| ${alert} (${severities.join(', ')}) | ${fault} | ${minutes} min | \`${name}\` |`]
    }),
  )
  return `${INTRODUCTION}
| Alert | Fault brought about | Fired after | Run |\n|---|---|---|---|\n${rows.join('\n')}\n`
}
