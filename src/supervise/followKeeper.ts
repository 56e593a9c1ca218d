import type { FollowerKeeper, FollowerKeeperDeps } from '../adopt/followerKeeper.ts'

/**
 * The followers of a daemon, whose modules, the drivers of other databases among them, are loaded when a configuration
 * first names a source.
 */
export function createFollowKeeper(deps: FollowerKeeperDeps): FollowerKeeper {
  let keeper: FollowerKeeper | undefined
  let closed = false
  return {
    async apply(config, wait) {
      if (keeper === undefined && config.vos.every(({ follow }) => follow === undefined)) return
      const { createFollowerKeeper } = await import('../adopt/followerKeeper.ts')
      if (closed) return
      keeper ??= createFollowerKeeper(deps)
      await keeper.apply(config, wait)
    },
    async close() {
      closed = true
      await keeper?.close()
    },
  }
}
