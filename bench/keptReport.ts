import type { Machine } from './describeMachine.ts'
import type { Result } from './printResult.ts'

/** A benchmark that ran, with all that its figures mean something by. */
export interface Report {
  readonly command: string
  readonly at: string
  readonly seconds: number
  readonly machine: Machine
  readonly result: Result
}
