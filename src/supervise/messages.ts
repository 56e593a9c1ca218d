import type { LogHead } from '../audit/records.ts'
import type { CheckFinding } from '../check/finding.ts'
import type { Config } from '../config/types.ts'
import type { Snapshot } from '../observe/snapshot.ts'
import type { RunningServer } from '../server.ts'
import type { Readiness } from '../serving/readiness.ts'

/** What the supervisor asks of a process that serves, with what goes there and what comes back. */
export interface Asks {
  /** What keeps a configuration from being served, as far as its files tell. */
  check: { asks: Config; answers: readonly CheckFinding[] }
  prepare: { asks: Config; answers: undefined }
  commit: { asks: undefined; answers: RunningServer['addresses'] }
  abort: { asks: undefined; answers: undefined }
  /** How far the audit logs of the process have come. */
  auditHeads: { asks: undefined; answers: readonly LogHead[] }
  metrics: { asks: undefined; answers: Snapshot }
  memberCounts: { asks: undefined; answers: ReadonlyMap<string, number> }
  reloadTrust: { asks: undefined; answers: undefined }
}
export type AskName = keyof Asks

/** From the supervisor to a worker. */
export type ToWorker =
  | { readonly kind: 'ask'; readonly id: number; readonly name: AskName; readonly body: unknown }
  /** A listening socket comes with it when there is one. */
  | { readonly kind: 'door'; readonly id: number; readonly found: boolean }
  /** Finish what is under way and end. */
  | { readonly kind: 'stop' }

/** From a worker to the supervisor. */
export type FromWorker =
  | { readonly kind: 'answer'; readonly id: number; readonly body: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure }
  | DoorAsked
  /** What it counted, when it ends. */
  | { readonly kind: 'metrics'; readonly snapshot: Snapshot }
  /** Each second, and whenever it changes. */
  | { readonly kind: 'beat'; readonly readiness: readonly Readiness[] }

/** For the listening socket of a place. */
export interface DoorAsked {
  readonly kind: 'door'
  readonly id: number
  readonly key: string
}

/** An error as plain fields: its class does not survive the way between processes. */
export type Failure =
  | { readonly findings: readonly CheckFinding[] }
  | { readonly findings: undefined; readonly text: string }
