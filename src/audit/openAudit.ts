import { after } from '../authenticate/trust/after.ts'
import type { Clock } from '../clock.ts'
import type { AuditConfig } from '../config/types.ts'
import type { Events } from '../events.ts'
import type { IssueDeps } from '../issue/issue.ts'
import { type AuditObserver, noticeAudit } from './auditObserver.ts'
import { createAuditLog } from './createAuditLog.ts'
import { createHeadSigner, type HeadSigner } from './createHeadSigner.ts'
import { recordIssuance } from './recordIssuance.ts'
import type { LogHead } from './records.ts'
import { segmentStorage } from './segmentStorage.ts'

export interface OpenAuditDeps {
  readonly clock: Clock
  monotonic(): number
  readonly events: Pick<Events, 'notice'>
  /** Beside the log lines: what counts. */
  readonly observer?: AuditObserver
  /** Number of the process; see AuditLogOptions. */
  readonly worker: number
  /** false where a supervisor signs the heads of all processes. */
  readonly signHeads: boolean
}

/** The audit of one process, with what issuing calls. */
export interface Audit {
  readonly beforeSign: IssueDeps['beforeSign']
  /** For the signer of heads in another process; undefined when nothing is recorded. */
  head(): LogHead | undefined
  close(): Promise<void>
}

const HEAD_INTERVAL_SECONDS = 60

const notRecorded: Audit = { beforeSign: () => undefined, head: () => undefined, close: async () => {} }

/** Opens what [audit] asks for. Throws ConfigError for a folder, key or clock that it cannot work with. */
export async function openAudit(config: AuditConfig, deps: OpenAuditDeps): Promise<Audit> {
  if (!config.enabled) {
    deps.events.notice('warn', 'audit: what is issued is not recorded', {
      advice: 'set audit.enabled = true',
    })
    return notRecorded
  }
  const noticed = noticeAudit(deps.events)
  const observer = deps.observer === undefined ? noticed : both(noticed, deps.observer)
  const { clock, worker } = deps
  const shared = { clock, monotonic: () => deps.monotonic(), storage: segmentStorage, observer, after }
  const log = await createAuditLog({ ...config, worker }, shared)
  let signer: HeadSigner | undefined
  try {
    if (deps.signHeads) signer = await openHeadSigner(config, { ...shared, heads: () => [log.head()] })
  } catch (cause) {
    await log.close()
    throw cause
  }
  return {
    beforeSign: recordIssuance(log),
    head: () => log.head(),
    async close() {
      await log.close()
      await signer?.close()
    },
  }
}

/** The signer of a folder's heads, for a supervisor over the heads that its processes report. */
export function openHeadSigner(
  { folder, headKey, maxSegmentBytes }: AuditConfig,
  deps: Parameters<typeof createHeadSigner>[1],
): Promise<HeadSigner> {
  return createHeadSigner({ folder, headKey, maxSegmentBytes, intervalSeconds: HEAD_INTERVAL_SECONDS }, deps)
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
