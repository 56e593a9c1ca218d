import type { TrustSnapshot } from '../../../native-free/proxy/types.ts'
import type { Clock } from '../../clock.ts'
import type { Finding } from './finding.ts'
import { loadTrustDirectory, NOTHING_LOADED, type TrustLoad } from './loadTrustDirectory.ts'
import { type TrustDiff, trustDiff } from './trustDiff.ts'
import { trustStamp } from './trustStamp.ts'
import { type TrustSummary, trustSummary } from './trustSummary.ts'
import type { FolderWatch, WatchFolder } from './watchFolder.ts'

export interface TrustStoreOptions {
  readonly folder: string
  /** How often the directory is looked at where the file system sends no events. 600 is usual. */
  readonly pollSeconds: number
  /**
   * After the first sign of a change, wait this long for the rest of it: packages and fetch-crl write file by
   * file. Further signs do not prolong it, so that a change takes effect within this time. 5000 is usual.
   */
  readonly debounceMs: number
}

export interface TrustStoreDeps {
  readonly clock: Clock
  /** Runs once after so many milliseconds, unless the returned function is called before. */
  readonly after: (milliseconds: number, run: () => void) => () => void
  readonly watch: WatchFolder
  /** For log and metrics; called after every reload, the first one included. */
  readonly onReload: (result: ReloadResult) => void
  /** The folder cannot be watched: only the poll notices changes. */
  readonly onWatchFailure: (cause: Error) => void
}

export interface ReloadResult {
  /** changed: a new snapshot is in use. refused: the old one stays, see findings. failed: it stays, see cause. */
  readonly outcome: 'changed' | 'unchanged' | 'refused' | 'failed'
  readonly generation: number
  readonly findings: readonly Finding[]
  readonly diff: TrustDiff
  readonly summary: TrustSummary
  readonly cause: unknown
}

/** The trust directory of a running daemon. */
export interface TrustStore {
  /** The snapshot in use. Without CAs until the first successful load. */
  current(): TrustSnapshot
  /** The figures as they are at this moment: a CRL expires without anything being loaded. */
  summary(): TrustSummary
  /** Loads now; during a load, once more after it. Never rejects unless the store is closed. */
  reload(): Promise<ReloadResult>
  /** Loads for the first time, then follows the directory. */
  start(): Promise<ReloadResult>
  /** Stops following; a load in progress is awaited and its result is not used. */
  close(): Promise<void>
}

/** A store that holds EMPTY_SNAPSHOT until start() or reload(). */
export function createTrustStore(options: TrustStoreOptions, deps: TrustStoreDeps): TrustStore {
  return new DirectoryTrustStore(options, deps)
}

class DirectoryTrustStore implements TrustStore {
  private readonly options: TrustStoreOptions
  private readonly deps: TrustStoreDeps
  private load: TrustLoad = NOTHING_LOADED
  /** trustStamp as it was before the load in use began. */
  private stamp = ''
  private running: Promise<ReloadResult> | undefined
  private queued: Promise<ReloadResult> | undefined
  private following = false
  private closed = false
  private watcher: FolderWatch | undefined
  /** False after a failure was reported, until watching works again. */
  private watching = true
  private cancelSoon: (() => void) | undefined
  private cancelPoll: (() => void) | undefined
  private polling: Promise<void> | undefined

  constructor(options: TrustStoreOptions, deps: TrustStoreDeps) {
    this.options = options
    this.deps = deps
  }

  current(): TrustSnapshot {
    return this.load.snapshot
  }

  summary(): TrustSummary {
    return trustSummary(this.load, this.deps.clock.now())
  }

  async start(): Promise<ReloadResult> {
    this.following = true
    this.watchAgain()
    this.pollLater()
    return await this.reload()
  }

  reload(): Promise<ReloadResult> {
    if (this.closed) return Promise.reject(new Error('the trust store is closed'))
    if (this.running === undefined) {
      this.running = this.run().finally(() => {
        this.running = undefined
      })
      return this.running
    }
    this.queued ??= this.running.then(() => {
      this.queued = undefined
      return this.reload()
    })
    return this.queued
  }

  async close(): Promise<void> {
    this.closed = true
    this.watcher?.close()
    this.cancelSoon?.()
    this.cancelPoll?.()
    await Promise.allSettled([this.running, this.queued, this.polling])
  }

  private async run(): Promise<ReloadResult> {
    const { folder } = this.options
    const before = this.load
    let after = before
    let cause: unknown
    try {
      const stamp = await trustStamp(folder)
      after = await loadTrustDirectory(folder, before, this.deps)
      if (!this.closed) {
        this.stamp = stamp
        this.load = after
      }
    } catch (unexpected) {
      cause = unexpected
    }
    const result = this.resultOf(before, after, cause)
    if (!this.closed) this.deps.onReload(result)
    if (after.unsettled) this.reloadSoon()
    return result
  }

  private resultOf(before: TrustLoad, after: TrustLoad, cause: unknown): ReloadResult {
    const now = this.deps.clock.now()
    const done = after.refused ? 'refused' : after.changed ? 'changed' : 'unchanged'
    return {
      outcome: cause === undefined ? done : 'failed',
      generation: after.snapshot.generation,
      findings: after.findings,
      diff: trustDiff(before, after, now),
      summary: trustSummary(after, now),
      cause,
    }
  }

  private reloadSoon(): void {
    if (this.closed || !this.following || this.cancelSoon !== undefined) return
    this.cancelSoon = this.deps.after(this.options.debounceMs, () => {
      this.cancelSoon = undefined
      this.reload().catch(() => undefined)
    })
  }

  private pollLater(): void {
    this.cancelPoll = this.deps.after(this.options.pollSeconds * 1000, () => {
      this.polling = this.poll()
        // A reload is only rejected when the store was closed meanwhile.
        .catch(() => undefined)
        .finally(() => {
          if (!this.closed) this.pollLater()
        })
    })
  }

  /** What stands in for a damaged file, or for all of a lost directory, may not do so for ever. */
  private async poll(): Promise<void> {
    // The folder may have been replaced by another of its name, or a failed watch may work again.
    this.watchAgain()
    const { standIns, refused } = this.load
    const touched = (await trustStamp(this.options.folder)) !== this.stamp
    if (!this.closed && (touched || refused || standIns > 0)) await this.reload()
  }

  private watchAgain(): void {
    this.watcher?.close()
    let works = true
    this.watcher = this.deps.watch(
      this.options.folder,
      () => this.reloadSoon(),
      cause => {
        works = false
        if (this.watching) this.deps.onWatchFailure(cause)
        this.watching = false
      },
    )
    if (works) this.watching = true
  }
}
