import type { ErrorCode } from '../errors.ts'

/** Written before the key is used: who is about to get what. Hexadecimal is lower case, times are seconds. */
export interface IntentRecord {
  /** The request's id, as the log line and the client's error text have it. */
  readonly id: string
  readonly vo: string
  /** Serial of the AC, hexadecimal. */
  readonly serial: string
  /** Subject and issuer of the EEC in slash form, and its serial. */
  readonly holder: string
  readonly holderSerial: string
  readonly issuer: string
  readonly fqans: readonly string[]
  readonly notBefore: number
  readonly notAfter: number
  /** SHA-256 of the to-be-signed octets. */
  readonly tbs: string
  readonly protocol: 'rest' | 'legacy'
  readonly address: string
}

/** What became of an intent: `ac` is the SHA-256 of the whole AC; without one no AC was made, for `code`. */
export type ResultRecord =
  | { readonly id: string; readonly serial: string; readonly ac: string }
  | { readonly id: string; readonly serial: string; readonly code: ErrorCode }

/** How far one log has come: everything up to and including record `n` is on disk, and `hash` seals it. */
export interface LogHead {
  /** Name of the log: w0, w1, ... */
  readonly log: string
  readonly segment: number
  readonly n: number
  readonly hash: string
}

/** First record of each segment; `previous` is missing in a log's very first one. */
export interface BeginRecord {
  readonly format: 1
  readonly log: string
  readonly segment: number
  readonly pid: number
  readonly previous?: PreviousSegment
}

/** How the segment before ended: its valid records take `length` octets, the last is `n` with `hash`. */
export interface PreviousSegment {
  readonly segment: number
  readonly length: number
  readonly n: number
  readonly hash: string
  /** Octets after them that are no record: a write that a crash cut short. Nothing in it was ever acted on. */
  readonly tail?: Tail
}

export interface Tail {
  readonly bytes: number
  readonly sha256: string
}

/** Written before old segments are removed: all up to and including `through`, whose last record was `n`. */
export interface RemovedRecord {
  readonly through: number
  readonly n: number
  readonly hash: string
}

/** ACs issued without a record while none could be written, with onFull = "alarm". */
export interface LostRecord {
  readonly since: number
  count: number
}

/** The signed heads of all logs. */
export interface CheckpointRecord {
  /** Which key: the first 16 hexadecimal digits of the SHA-256 of its SubjectPublicKeyInfo. */
  readonly key: string
  readonly logs: readonly LogHead[]
}

export type RecordKind = 'begin' | 'intent' | 'issued' | 'failed' | 'removed' | 'lost' | 'end' | 'checkpoint'
