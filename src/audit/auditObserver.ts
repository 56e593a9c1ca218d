import type { Events } from '../events.ts'
import type { LogFault } from './readLog.ts'
import type { PreviousSegment } from './records.ts'

/** One call for each event of the audit: metrics and log lines are made of them. */
export interface AuditObserver {
  /** A record of this kind became durable, or did not. */
  recorded(kind: 'intent' | 'issued' | 'failed', ok: boolean): void
  /** One write: how many records and octets, and how long it took. */
  committed(records: number, bytes: number, milliseconds: number): void
  /** Records cannot be written, and why. Called for each attempt. */
  failing(cause: unknown): void
  /** An intent was refused, since the clock is so far behind the newest record. Called for each. */
  clockBehind(seconds: number): void
  /** Records are written. Called for each write. */
  working(): void
  /** The log was not closed when it was last used, and a write was cut short. */
  uncleanEnd(log: string, end: PreviousSegment): void
  removed(log: string, segments: number): void
  notRemoved(log: string, cause: unknown): void
  /** All heads were found on disk as they were reported, and are signed; in seconds since the epoch. */
  signed(time: number, checkpoint: string): void
  /** What is on disk is not what was written, or ends before it. */
  damaged(fault: Pick<LogFault, 'log' | 'file' | 'what'>): void
  notSigned(cause: unknown): void
}

/** Takes no notice of anything. */
export const unnoticed: AuditObserver = {
  recorded() {},
  committed() {},
  failing() {},
  clockBehind() {},
  working() {},
  uncleanEnd() {},
  removed() {},
  notRemoved() {},
  signed() {},
  damaged() {},
  notSigned() {},
}

/** Log lines for the events that are worth one; failures only when they begin and end. */
export function noticeAudit(events: Pick<Events, 'notice'>): AuditObserver {
  let failing = false
  let behind = false
  let unsigned = false
  return {
    recorded() {},
    committed() {},
    failing(cause) {
      if (!failing)
        events.notice('error', 'audit: records cannot be written', {
          detail: text(cause),
          advice: 'make space, or repair the disk; issuance goes on by itself then',
        })
      failing = true
    },
    clockBehind(seconds) {
      if (!behind)
        events.notice('error', 'audit: the clock is behind the newest record, nothing is issued', {
          seconds,
          advice: 'set the clock; issuance goes on by itself then',
        })
      behind = true
    },
    working() {
      if (failing || behind) events.notice('info', 'audit: records are written again')
      failing = false
      behind = false
    },
    uncleanEnd(log, { segment, n, tail }) {
      events.notice('warn', 'audit: the last write before a crash was cut short; nothing was issued for it', {
        log,
        segment,
        lastRecord: n,
        bytes: tail?.bytes,
      })
    },
    removed(log, segments) {
      events.notice('info', 'audit: old records removed', { log, segments })
    },
    notRemoved(log, cause) {
      events.notice('warn', 'audit: old records cannot be removed', { log, detail: text(cause) })
    },
    signed() {
      if (unsigned) events.notice('info', 'audit: heads are signed again')
      unsigned = false
    },
    damaged(fault) {
      events.notice('error', 'audit: what is on disk is not what was written; vouchd audit verify tells', {
        ...fault,
      })
    },
    notSigned(cause) {
      if (!unsigned) events.notice('error', 'audit: the heads cannot be signed', { detail: text(cause) })
      unsigned = true
    },
  }
}

function text(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
