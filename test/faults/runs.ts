import type { FaultRun } from './faultRun.ts'
import { database } from './runs/database.ts'
import { suspensions } from './runs/suspensions.ts'

/** In the order in which they are run. */
export const RUNS: readonly FaultRun[] = [suspensions, database]
