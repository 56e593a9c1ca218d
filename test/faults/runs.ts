import type { FaultRun } from './faultRun.ts'
import { clock } from './runs/clock.ts'
import { config } from './runs/config.ts'
import { database } from './runs/database.ts'
import { disk } from './runs/disk.ts'
import { keys } from './runs/keys.ts'
import { kills } from './runs/kills.ts'
import { memory } from './runs/memory.ts'
import { mutations } from './runs/mutations.ts'
import { restarts } from './runs/restarts.ts'
import { revocation } from './runs/revocation.ts'
import { schema } from './runs/schema.ts'
import { signers } from './runs/signers.ts'
import { suspensions } from './runs/suspensions.ts'
import { trust } from './runs/trust.ts'
import { workers } from './runs/workers.ts'

/** In the order in which they are run. */
export const RUNS: readonly FaultRun[] = [
  kills,
  mutations,
  workers,
  memory,
  signers,
  restarts,
  keys,
  config,
  revocation,
  trust,
  clock,
  disk,
  schema,
  suspensions,
  database,
]
