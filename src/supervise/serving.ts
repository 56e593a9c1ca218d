import type { Readiness } from '../serving/readiness.ts'
import type { AskName, Asks } from './messages.ts'

/** A process that serves, as the supervisor sees it: a worker, or this very process where there are none. */
export interface Serving {
  readonly pid: number
  /** Throws SetupError for what the operator can mend, and WorkerGone when the process has ended. */
  ask<N extends AskName>(
    name: N,
    ...body: Asks[N]['asks'] extends undefined ? [] : [Asks[N]['asks']]
  ): Promise<Asks[N]['answers']>
  /** As it last told. */
  readiness(): readonly Readiness[]
  /** Finishes what is under way; resolves when it has ended. */
  stop(): Promise<void>
  /** Ends it at once. */
  kill(): void
}

/** The process that was asked has ended. */
export class WorkerGone extends Error {
  override name = 'WorkerGone'
}
