import { after } from '../authenticate/trust/after.ts'
import type { Clock } from '../clock.ts'
import type { AuditConfig } from '../config/types.ts'
import type { Events } from '../events.ts'
import type { IssueDeps } from '../issue/issue.ts'
import { type AuditObserver, noticeAudit } from './auditObserver.ts'
import { type AuditLogDeps, createAuditLog } from './createAuditLog.ts'
import { createHeadSigner, type HeadSigner, type HeadSignerDeps } from './createHeadSigner.ts'
import { recordIssuance } from './recordIssuance.ts'
import type { LogHead } from './records.ts'
import { segmentStorage } from './segmentStorage.ts'

export interface OpenAuditDeps {
  readonly clock: Clock
  monotonic(): number
  readonly events: Pick<Events, 'notice'>
  /** Beside the log lines: what counts. */
  readonly observer?: AuditObserver | undefined
  /** Number of this process, where a supervisor has several and signs their heads; undefined: it does so itself. */
  readonly worker: number | undefined
  /** How many ACs this process is about to issue, those under way included. */
  readonly expected?: (() => number) | undefined
}

/** The audit of one process, with what issuing calls. */
export interface Audit {
  readonly beforeSign: IssueDeps['beforeSign']
  close(): Promise<void>
}

/** The logs that a process writes, and the signer of their heads unless a supervisor signs them. */
export interface AuditHeads {
  readonly logs: Set<() => LogHead>
  close(): Promise<void>
}

const HEAD_INTERVAL_SECONDS = 60

/** Throws ConfigError for a folder or a key that cannot be used. It outlives every log that it signs. */
export async function openAuditHeads(config: AuditConfig, deps: OpenAuditDeps): Promise<AuditHeads> {
  const logs = new Set<() => LogHead>()
  if (!config.enabled || deps.worker !== undefined) return { logs, close: async () => {} }
  const signer = await openHeadSigner(config, deps, () => [...logs].map(head => head()))
  return { logs, close: () => signer.close() }
}

/** Opens what [audit] asks for. Throws ConfigError for a folder or a clock that it cannot work with. */
export async function openAudit(
  config: AuditConfig,
  { logs }: AuditHeads,
  deps: OpenAuditDeps,
): Promise<Audit> {
  if (!config.enabled) {
    deps.events.notice('warn', 'audit: what is issued is not recorded', {
      advice: 'set audit.enabled = true',
    })
    return { beforeSign: () => undefined, close: async () => {} }
  }
  const log = await createAuditLog(
    { ...config, worker: deps.worker ?? 0 },
    { ...logDeps(deps), expected: deps.expected },
  )
  const head = () => log.head()
  logs.add(head)
  return {
    beforeSign: recordIssuance(log),
    async close() {
      await log.close()
      logs.delete(head)
    },
  }
}

/** The signer of a folder's heads, for a supervisor over those that its processes report. */
export function openHeadSigner(
  { folder, headKey, maxSegmentBytes, retentionDays }: AuditConfig,
  deps: Omit<OpenAuditDeps, 'worker'>,
  heads: HeadSignerDeps['heads'],
): Promise<HeadSigner> {
  const options = { folder, headKey, maxSegmentBytes, retentionDays, intervalSeconds: HEAD_INTERVAL_SECONDS }
  return createHeadSigner(options, { ...logDeps(deps), heads })
}

function logDeps({ clock, monotonic, events, observer }: Omit<OpenAuditDeps, 'worker'>): AuditLogDeps {
  const noticed = noticeAudit(events)
  return {
    clock,
    monotonic,
    storage: segmentStorage,
    after,
    observer: observer === undefined ? noticed : both(noticed, observer),
  }
}

/** Tells two observers. */
function both(one: AuditObserver, other: AuditObserver): AuditObserver {
  const pair = {} as Record<string, (...values: unknown[]) => void>
  for (const name of Object.keys(one) as (keyof AuditObserver)[]) {
    const tell = (observer: AuditObserver) => observer[name] as (...values: unknown[]) => void
    pair[name] = (...values) => {
      tell(one)(...values)
      tell(other)(...values)
    }
  }
  return pair as unknown as AuditObserver
}
