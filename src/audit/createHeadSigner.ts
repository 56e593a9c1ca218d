import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { lockFolder, requireOwnFolder } from '../store/folderLock.ts'
import type { AuditObserver } from './auditObserver.ts'
import { signCheckpoint } from './checkpoint.ts'
import { unusable } from './createAuditLog.ts'
import { loadHeadKey } from './headKey.ts'
import { openSegmentLog, type SegmentLog } from './openSegmentLog.ts'
import { type LogPosition, visitLog } from './readLog.ts'
import type { LogHead } from './records.ts'
import { removeOld } from './removeOld.ts'
import { HEADS, listLogs, listSegments, segmentName } from './segmentFiles.ts'
import type { SegmentStorage } from './segmentStorage.ts'

export interface HeadSignerOptions {
  readonly folder: string
  /** PEM file of the key; made when it is not there. */
  readonly headKey: string
  readonly intervalSeconds: number
  readonly maxSegmentBytes: number
  /** How long checkpoints are kept; 0: for ever. Later ones speak for all that they said. */
  readonly retentionDays: number
}

export interface HeadSignerDeps {
  readonly clock: Clock
  monotonic(): number
  readonly storage: SegmentStorage
  readonly observer: AuditObserver
  after(milliseconds: number, run: () => void): () => void
  /**
   * How far the log of every living process has come. Logs that nobody reports are read from disk: their processes
   * are gone.
   */
  heads(): readonly LogHead[] | Promise<readonly LogHead[]>
}

export interface HeadSigner {
  /** Which key signs: the first 16 hexadecimal digits of the SHA-256 of its SubjectPublicKeyInfo. */
  readonly keyId: string
  /** Signs now. Never rejects: what goes wrong is told to the observer and tried again the next time. */
  sign(): Promise<void>
  /** Signs a last time what is on disk, after the logs were closed; nobody is asked any more. */
  close(): Promise<void>
}

/**
 * Signs the heads of all logs now, at each interval, and at the end. Before that it reads what came since the last
 * time and checks that it leads to the reported head, so that what is signed was found on disk. One process has it:
 * throws ConfigError when another does, or when folder or key cannot be used.
 */
export async function createHeadSigner(
  options: HeadSignerOptions,
  deps: HeadSignerDeps,
): Promise<HeadSigner> {
  const { folder, maxSegmentBytes } = options
  const lock = await lockHeads(folder)
  try {
    const { privateKey, id } = loadHeadKey(options.headKey)
    let removeLater = (): void => {}
    const log = await openSegmentLog(
      { folder, log: HEADS, maxSegmentBytes },
      {
        now: () => deps.clock.now(),
        monotonic: deps.monotonic,
        storage: deps.storage,
        after: deps.after,
        observer: { committed() {}, failed() {}, segmentBegun: () => removeLater() },
      },
    )
    if (options.retentionDays > 0) {
      removeLater = () => void removeOldHeads(log, options, deps)
      removeLater()
    }
    const follower = new Follower(folder, deps)
    let signed = ''
    const signOnce = async (reported: HeadSignerDeps['heads']) => {
      try {
        const heads = await follower.verifiedHeads(await reported())
        const text = JSON.stringify(heads)
        if (text !== signed) {
          const seal = (previous: string, body: string) => signCheckpoint(privateKey, previous, body)
          await log.append('checkpoint', { key: id, logs: heads }, seal)
          signed = text
        }
        if (!follower.damaged) deps.observer.signed(deps.clock.now(), log.head().hash)
      } catch (cause) {
        deps.observer.notSigned(cause)
      }
    }
    let running = Promise.resolve()
    const sign = (reported = deps.heads) => {
      running = running.then(() => signOnce(reported))
      return running
    }
    let cancel: (() => void) | undefined
    const later = () => {
      cancel = deps.after(options.intervalSeconds * 1000, () => void sign().then(() => cancel && later()))
    }
    await sign()
    later()
    return {
      keyId: id,
      sign: () => sign(),
      async close() {
        cancel?.()
        cancel = undefined
        await sign(() => [])
        await log.close(false)
        lock.release()
      },
    }
  } catch (cause) {
    lock.release()
    throw cause
  }
}

async function removeOldHeads(
  log: SegmentLog,
  { folder, retentionDays }: HeadSignerOptions,
  { clock, storage, observer }: HeadSignerDeps,
): Promise<void> {
  try {
    const before = clock.now() - retentionDays * 86_400
    const all = { folder, log: HEADS, before, signedThrough: Number.POSITIVE_INFINITY }
    const count = await removeOld(log, storage, all)
    if (count > 0) observer.removed(HEADS, count)
  } catch (cause) {
    observer.notRemoved(HEADS, cause)
  }
}

async function lockHeads(folder: string) {
  try {
    requireOwnFolder(folder)
    return await lockFolder(join(folder, HEADS), 'record of signed heads')
  } catch (cause) {
    throw unusable(cause)
  }
}

/** Reads each log as it grows, from where it stood the last time. */
class Follower {
  /** Once something was found wrong, it stays wrong. */
  damaged = false
  private readonly folder: string
  private readonly deps: HeadSignerDeps
  private readonly positions = new Map<string, LogPosition>()

  constructor(folder: string, deps: HeadSignerDeps) {
    this.folder = folder
    this.deps = deps
  }

  /** The heads that are found on disk, reported ones and those of logs without a process. */
  async verifiedHeads(reported: readonly LogHead[]): Promise<LogHead[]> {
    const byLog = new Map(reported.map(head => [head.log, head]))
    const heads: LogHead[] = []
    for (const log of await listLogs(this.folder)) {
      const head = byLog.get(log)
      const position = head === undefined ? await this.end(log) : await this.reach(head)
      if (position === undefined) continue
      this.positions.set(log, position)
      const { segment, n, hash } = position
      heads.push({ log, segment, n, hash })
    }
    return heads
  }

  /** Where a reported head is on disk; undefined when it is not, which the observer is told. */
  private async reach(head: LogHead): Promise<LogPosition | undefined> {
    const { log, n, hash } = head
    const from = this.positions.get(log)
    if (from?.n === n) return from.hash === hash ? from : this.differs(head, undefined)
    const start = from === undefined ? { fromSegment: head.segment } : { from }
    let found: LogPosition | undefined
    const end = await visitLog(this.folder, log, start, ({ segment, frames }) => {
      const frame = frames.find(candidate => candidate.n === n)
      if (frame !== undefined) found = { segment, offset: frame.end, n, hash: frame.hash }
      return frame !== undefined
    })
    return found?.hash === hash ? found : this.differs(head, end?.fault?.what)
  }

  private differs({ log, segment, n }: LogHead, what: string | undefined): undefined {
    this.damaged = true
    this.positions.delete(log)
    const file = join(log, segmentName(segment))
    this.deps.observer.damaged({ log, file, what: what ?? `record ${n} is not the one that was written` })
    return undefined
  }

  /** The end of a log whose process is gone, once it is certainly on disk. A write cut short is no part of it. */
  private async end(log: string): Promise<LogPosition | undefined> {
    const last = (await listSegments(this.folder, log)).at(-1)
    if (last === undefined) return undefined
    await this.deps.storage.settle(join(this.folder, log, segmentName(last)))
    const from = this.positions.get(log)
    const start = from === undefined ? { fromSegment: last } : { from }
    const end = await visitLog(this.folder, log, start, () => false)
    if (end?.fault?.kind === 'damaged') {
      this.damaged = true
      this.deps.observer.damaged(end.fault)
    }
    return end?.position
  }
}
