import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../clock.ts'
import type { Config, FollowConfig, StoreConfig } from '../config/types.ts'
import type { Database } from '../store/database.ts'
import { migrate, schemaProblem, schemaState } from '../store/migrate.ts'
import { openStore } from '../store/openStore.ts'
import { createFollower, type Follower } from './follower.ts'
import { followerOptions } from './followerOptions.ts'
import type { FollowTurn } from './followSource.ts'

/** What the followers of a daemon do; for log and metrics. */
export type FollowEvent =
  | { readonly kind: 'turn'; readonly vo: string; readonly turn: FollowTurn }
  | { readonly kind: 'failed'; readonly vo: string; readonly cause: unknown; readonly everySeconds: number }

export interface FollowerKeeperDeps {
  readonly clock: Clock
  readonly monotonic: () => number
  readonly onEvent: (event: FollowEvent) => void
}

/** The followers of a daemon: one for each VO whose configuration names a source. */
export interface FollowerKeeper {
  /**
   * Follows what the configuration says and nothing else. Resolves when every VO that is followed is in the store:
   * until then its members would be told that nobody knows them. What is in it already is served as it was left,
   * and its source need not be there. `wait`: look again and again, or reject when the first look fails.
   */
  apply(config: Config, wait: 'until they are there' | 'once'): Promise<void>
  close(): Promise<void>
}

interface Following {
  readonly follow: FollowConfig
  readonly follower: Follower
}

export function createFollowerKeeper(deps: FollowerKeeperDeps): FollowerKeeper {
  const running = new Map<string, Following>()
  let store: { readonly config: StoreConfig; readonly db: Database } | undefined
  let closed = false

  async function database(config: StoreConfig): Promise<Database> {
    if (store !== undefined && isDeepStrictEqual(store.config, config)) return store.db
    await closeAll()
    const db = await openStore(config, { mode: 'owner' })
    store = { config, db }
    if (config.kind === 'embedded') await migrate(db)
    const problem = schemaProblem(await schemaState(db))
    if (problem !== undefined) throw new Error(`${problem.what}; ${problem.advice}`)
    return db
  }

  async function closeAll(): Promise<void> {
    await Promise.all([...running.values()].map(({ follower }) => follower.close()))
    running.clear()
    await store?.db.close()
    store = undefined
  }

  function start(vo: string, follow: FollowConfig, db: Database): Following {
    const { everySeconds } = follow
    const follower = createFollower(followerOptions(vo, follow), {
      ...{ db, clock: deps.clock, monotonic: deps.monotonic },
      onTurn: turn => deps.onEvent({ kind: 'turn', vo, turn }),
      onFailed: cause => deps.onEvent({ kind: 'failed', vo, cause, everySeconds }),
    })
    const following = { follow, follower }
    running.set(vo, following)
    return following
  }

  /** Until the VO is in the store; at once where it is. */
  async function firstLook(
    vo: string,
    { follow: { everySeconds }, follower }: Following,
    db: Database,
    wait: 'until they are there' | 'once',
  ): Promise<void> {
    const [known] = await db.query('select from vouchd.vo where name = $1', [vo])
    if (known === undefined) {
      for (;;) {
        try {
          deps.onEvent({ kind: 'turn', vo, turn: await follower.look() })
          break
        } catch (cause) {
          if (wait === 'once') throw cause
          deps.onEvent({ kind: 'failed', vo, cause, everySeconds })
        }
        await new Promise(resolve => setTimeout(resolve, everySeconds * 1000))
        if (closed) return
      }
    }
    follower.start()
  }

  return {
    async apply(config, wait) {
      const wanted = new Map(
        config.vos.flatMap(({ name, follow }) => (follow ? [[name, follow] as const] : [])),
      )
      for (const [vo, { follow, follower }] of running) {
        if (isDeepStrictEqual(wanted.get(vo), follow)) continue
        running.delete(vo)
        await follower.close()
      }
      if (wanted.size === 0) return closeAll()
      const db = await database(config.store)
      const begun = [...wanted].filter(([vo]) => !running.has(vo))
      await Promise.all(
        begun.map(async ([vo, follow]) => {
          const following = start(vo, follow, db)
          try {
            await firstLook(vo, following, db, wait)
          } catch (cause) {
            running.delete(vo)
            await following.follower.close()
            throw cause
          }
        }),
      )
    },
    async close() {
      closed = true
      await closeAll()
    },
  }
}
