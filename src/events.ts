import type { Logger } from 'pino'
import type { ErrorCode } from './errors.ts'

/** Everything that is said about one request, in one log line. Times are milliseconds. */
export interface RequestRecord {
  readonly id: string
  readonly vo: string
  readonly protocol: 'rest' | 'legacy'
  readonly address: string
  readonly tls: string
  /** One-line DNs of the EEC and of its issuer, once known. */
  holder?: string
  ca?: string
  proxyDepth?: number
  member?: string
  asked?: readonly string[]
  given?: readonly string[]
  serial?: string
  lifetimeSeconds?: number
  warnings?: readonly number[]
  outcome: 'issued' | 'listed' | 'refused' | 'failed'
  code?: ErrorCode
  /** Reason code of a refused chain, and its detail; neither is told to the client. */
  reason?: string
  detail?: string
  /** With enforce = false: what would have been refused. */
  wouldRefuse?: string
  stages: Record<string, number>
}

/** One helper per event worth a log line; the only place that writes them. */
export interface Events {
  requestAnswered(record: RequestRecord, failure?: unknown): void
  shed(vo: string, reason: string): void
  handshakeFailed(vo: string, address: string, error: Error): void
  listening(vo: string, host: string, port: number): void
  /** A state worth an operator's look: `what` happened to `subject`, and what to do where that is known. */
  notice(level: 'info' | 'warn' | 'error', what: string, fields?: Readonly<Record<string, unknown>>): void
}

export function createEvents(log: Logger): Events {
  return {
    requestAnswered(record, failure) {
      const { outcome } = record
      if (outcome === 'failed') log.error({ ...record, err: failure }, 'request failed')
      else if (outcome === 'refused') log.warn(record, 'request refused')
      else log.info(record, outcome === 'issued' ? 'attribute certificate issued' : 'attributes listed')
    },
    shed(vo, reason) {
      log.warn({ vo, reason }, 'connection shed')
    },
    handshakeFailed(vo, address, error) {
      log.debug({ vo, address, detail: error.message }, 'handshake failed')
    },
    listening(vo, host, port) {
      log.info({ vo, host, port }, 'listening')
    },
    notice(level, what, fields = {}) {
      log[level](fields, what)
    },
  }
}
