import type { Logger } from 'pino'
import type { ErrorCode } from './errors.ts'
import { LintFault } from './issue/LintFault.ts'
import { boundRecord } from './observe/boundRecord.ts'
import { createMetrics, type Metrics, type ShedReason, STAGES } from './observe/metrics.ts'
import { outcomeOf } from './observe/outcomes.ts'
import { limitRepetition } from './observe/repetition.ts'

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
  /** The VO does not compare issuers: whoever's CA it was, this subject counts. */
  matchedBySubject?: true
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
  stages: Partial<Record<(typeof STAGES)[number], number>>
  /** From the whole request to its answer. */
  totalMs?: number
}

/** One helper per event worth a line or a count; each writes both. The only place that writes log lines. */
export interface Events {
  /** What this process counts. */
  readonly metrics: Metrics
  requestStarted(vo: string): void
  requestAnswered(record: RequestRecord, failure?: unknown): void
  shed(vo: string, reason: ShedReason, address?: string): void
  handshakeDone(vo: string, seconds: number): void
  handshakeFailed(vo: string, address: string, error: Error): void
  handshakeTimedOut(vo: string, address: string): void
  /** An answer went out, so many seconds after it was made. */
  answerWritten(seconds: number): void
  listening(vo: string, host: string, port: number): void
  /** A state worth an operator's look: `what` happened to `subject`, and what to do where that is known. */
  notice(level: 'info' | 'warn' | 'error', what: string, fields?: Readonly<Record<string, unknown>>): void
  /** Writes what is held back as repetition: before the process ends. */
  flush(): void
}

export interface EventsDeps {
  readonly metrics: Metrics
  /** Milliseconds from anywhere, never going back. */
  readonly monotonic: () => number
}

type Level = 'debug' | 'info' | 'warn' | 'error'
interface Line {
  readonly level: Level
  readonly what: string
  readonly fields: object
}

/** Events that go to this log and these metrics. */
export function createEvents(
  log: Logger,
  { metrics, monotonic }: EventsDeps = { metrics: createMetrics(), monotonic: () => performance.now() },
): Events {
  const repeated = limitRepetition<Line>((key, { last, count }) => {
    log[last.level]({ repeated: count, like: key, last: last.fields }, `${last.what}: repetitions left out`)
  }, monotonic)

  /** For what a single client can cause at will. */
  function writeLimited(key: string, level: Level, fields: object, what: string): void {
    if (!log.isLevelEnabled(level)) return
    if (repeated.allows(key, { level, what, fields })) log[level](fields, what)
    else metrics.log.suppressed.inc()
  }

  return {
    metrics,
    requestStarted(vo) {
      metrics.vo(vo).inFlight.inc()
    },
    requestAnswered(record, failure) {
      countRequest(record, metrics)
      if (failure instanceof LintFault) for (const rule of failure.rules) metrics.lintFailure(rule).inc()
      const { outcome, code, reason, address } = record
      const written = boundRecord(record)
      if (outcome === 'issued') log.info(written, 'attribute certificate issued')
      else if (outcome === 'listed') log.info(written, 'attributes listed')
      else if (outcome === 'refused') {
        writeLimited(`${reason ?? code} ${address}`, 'warn', written, 'request refused')
      } else writeLimited(`${code} ${address}`, 'error', { ...written, err: failure }, 'request failed')
    },
    shed(vo, reason, address) {
      metrics.vo(vo).shed[reason].inc()
      writeLimited(`shed ${reason} ${vo}`, 'warn', { vo, reason, address }, 'connection shed')
    },
    handshakeDone(vo, seconds) {
      const cells = metrics.vo(vo)
      cells.handshakes.ok.inc()
      cells.handshakeDuration.observe(seconds)
      metrics.stages.handshake.observe(seconds)
    },
    handshakeFailed(vo, address, error) {
      metrics.vo(vo).handshakes.failed.inc()
      writeLimited(
        `handshake ${address}`,
        'debug',
        { vo, address, detail: error.message },
        'handshake failed',
      )
    },
    handshakeTimedOut(vo, address) {
      metrics.vo(vo).handshakes.timeout.inc()
      writeLimited(`handshake ${address}`, 'debug', { vo, address }, 'handshake not finished in time')
    },
    answerWritten(seconds) {
      metrics.stages.write.observe(seconds)
    },
    listening(vo, host, port) {
      log.info({ vo, host, port }, 'listening')
    },
    notice(level, what, fields = {}) {
      log[level](fields, what)
    },
    flush: repeated.flush,
  }
}

function countRequest(record: RequestRecord, metrics: Metrics): void {
  const vo = metrics.vo(record.vo)
  vo.inFlight.dec()
  const { code, stages, totalMs } = record
  const outcome = code === undefined ? listedOrIssued(record) : outcomeOf(code)
  vo.requests[outcome].inc()
  if (outcome === 'issued') vo.issued.inc()
  else if (outcome === 'denied') metrics.denial(record.reason ?? code!).inc()
  else if (code === 'overloaded') vo.shed.queue.inc()
  else if (code === 'too-many-requests') vo.shed.rate.inc()
  for (const stage of STAGES) {
    const milliseconds = stages[stage]
    if (milliseconds !== undefined) metrics.stages[stage].observe(milliseconds / 1000)
  }
  if (totalMs !== undefined) vo.duration.observe(totalMs / 1000)
}

function listedOrIssued({ outcome }: RequestRecord): 'listed' | 'issued' | 'error' {
  return outcome === 'listed' || outcome === 'issued' ? outcome : 'error'
}
