import type { Clock } from '../clock.ts'
import type { ResolutionMode } from '../resolve/types.ts'
import type { Database } from '../store/database.ts'
import type { Decisions } from './decisions.ts'
import type { DirectoryChange } from './directoryChanges.ts'
import type { FoundItem } from './findings.ts'
import { type FollowTurn, followSource } from './followSource.ts'
import { type MysqlAddress, withLocalSocket } from './mysqlAddress.ts'
import { type MysqlDatabase, openMysql } from './mysqlDatabase.ts'
import { pauseAfterLook } from './pauseAfterLook.ts'
import type { SourceKind } from './SourceKind.ts'

export interface FollowerOptions {
  readonly kind: SourceKind
  readonly vo: string
  /** Asked for each connection. Throws SourceError. */
  readonly address: () => MysqlAddress
  /** Within which a change is to be effective. */
  readonly everySeconds: number
  readonly decisions?: Partial<Decisions>
  readonly resolution?: ResolutionMode
}

export interface FollowerDeps {
  readonly db: Database
  readonly clock: Clock
  /** Milliseconds that only go forward; performance.now(). */
  readonly monotonic: () => number
  readonly onTurn: (turn: FollowTurn) => void
  /** A look failed: what was mirrored stays, and the next one comes in its time. */
  readonly onFailed: (cause: unknown) => void
  readonly onChange?: (change: DirectoryChange) => void | Promise<void>
  readonly onFound?: (item: FoundItem) => void | Promise<void>
}

/** Looks at one source again and again, over one connection for as long as that lives. */
export interface Follower {
  /** One look now. Throws SourceError, ImportError, DatabaseError. */
  look(): Promise<FollowTurn>
  /** Looks from now on, at once and then so often that changes are effective in time. */
  start(): void
  /** Ends after the look that is under way. */
  close(): Promise<void>
}

export function createFollower(options: FollowerOptions, deps: FollowerDeps): Follower {
  let source: MysqlDatabase | undefined
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<unknown> = Promise.resolve()
  let closed = false

  async function look(): Promise<FollowTurn> {
    try {
      source ??= await openMysql(withLocalSocket(options.address()))
      return await followSource(source, deps.db, { ...options, ...deps })
    } catch (cause) {
      // Whatever it was, the next look begins with a connection and a snapshot of its own.
      source?.close()
      source = undefined
      throw cause
    }
  }

  async function turn() {
    const began = deps.monotonic()
    try {
      const made = await look()
      if (!closed) deps.onTurn(made)
    } catch (cause) {
      if (!closed) deps.onFailed(cause)
    }
    schedule(deps.monotonic() - began)
  }

  function schedule(tookMs: number) {
    if (closed) return
    timer = setTimeout(
      () => {
        looking = turn()
      },
      pauseAfterLook(options.everySeconds, tookMs),
    )
  }

  return {
    look,
    start() {
      looking = turn()
    },
    async close() {
      closed = true
      clearTimeout(timer)
      await looking
      source?.close()
    },
  }
}
