import { join } from 'node:path'
import { isHeld, STOP_THE_OTHER } from '../check/anotherDaemon.ts'
import type { Clock } from '../clock.ts'
import { ConfigError } from '../config/ConfigError.ts'
import { VomsError } from '../errors.ts'
import { DatabaseError } from '../store/DatabaseError.ts'
import { type FolderLock, lockFolder, requireOwnFolder } from '../store/folderLock.ts'
import type { AuditObserver } from './auditObserver.ts'
import { clockBehind, MAX_CLOCK_BEHIND_SECONDS } from './clockBehind.ts'
import { openSegmentLog, type SegmentLog } from './openSegmentLog.ts'
import type { IntentRecord, LogHead, LostRecord, ResultRecord } from './records.ts'
import { removeOld } from './removeOld.ts'
import type { SegmentStorage } from './segmentStorage.ts'
import { signedThrough } from './signedThrough.ts'

export interface AuditLogOptions {
  readonly folder: string
  /** Number of the process: its log is w0, w1, ..., or the next one that no living process has. */
  readonly worker: number
  readonly onFull: 'refuse' | 'alarm'
  readonly maxSegmentBytes: number
  /** 0: for ever. */
  readonly retentionDays: number
  /** File of the key that signs the heads; only its public half is read here. What is not signed is not removed. */
  readonly headKey: string
}

export interface AuditLogDeps {
  readonly clock: Clock
  /** Milliseconds on a clock that never jumps. */
  monotonic(): number
  readonly storage: SegmentStorage
  readonly observer: AuditObserver
  /** Runs `run` later; the result calls it off. */
  after(milliseconds: number, run: () => void): () => void
  /** How many intents are soon to come, those that wait included; absent: nobody knows. */
  expected?: (() => number) | undefined
}

export interface AuditLog {
  /**
   * Resolves when the record is on disk. Rejects with VomsError 'audit' when it is not (with onFull = 'alarm' only for
   * a clock that is behind), 'overloaded' when too many wait.
   */
  intent(record: IntentRecord): Promise<void>
  /** What became of an intent; written a moment later, with the next intents where there are some. */
  result(record: ResultRecord): void
  /** How far the log has come, for the signer of heads; good after close() too. */
  head(): LogHead
  /** Writes what waits and ends the log. Whoever gets ACs issued has been closed before. */
  close(): Promise<void>
}

/** More intents than connections are never under way; what comes on top is refused like any overload. */
const MAX_WAITING = 20_000
const DAY_SECONDS = 86_400

/**
 * Opens this process's log in the folder (0700), which is made if need be. Throws ConfigError with what to do: a
 * folder that others can read, a log that cannot be continued, a clock more than 60 s behind the newest record.
 */
export async function createAuditLog(options: AuditLogOptions, deps: AuditLogDeps): Promise<AuditLog> {
  const { folder } = options
  try {
    requireOwnFolder(folder)
  } catch (cause) {
    throw unusable(cause)
  }
  const behind = await clockBehind(folder, deps.clock)
  if (behind !== undefined) throw new ConfigError([behind])
  const { lock, name } = await lockLog(folder, options.worker)
  try {
    let removeLater = (): void => {}
    const log = await openSegmentLog(
      { folder, log: name, maxSegmentBytes: options.maxSegmentBytes },
      {
        now: () => deps.clock.now(),
        monotonic: deps.monotonic,
        storage: deps.storage,
        after: deps.after,
        ...(deps.expected && { expected: deps.expected }),
        observer: {
          committed(records, bytes, milliseconds) {
            deps.observer.committed(records, bytes, milliseconds)
            deps.observer.working()
          },
          failed: cause => deps.observer.failing(cause),
          segmentBegun: () => removeLater(),
        },
      },
    )
    if (log.unclean !== undefined) deps.observer.uncleanEnd(name, log.unclean)
    if (options.retentionDays > 0) {
      removeLater = () => void removeOldOnes(log, name, options, deps)
      removeLater()
    }
    return auditLog(log, lock, options, deps)
  } catch (cause) {
    lock.release()
    throw cause
  }
}

/** The first log from this number on that no living process has. */
async function lockLog(folder: string, worker: number): Promise<{ lock: FolderLock; name: string }> {
  const MOST = 10_000
  try {
    for (let number = worker; ; number++) {
      const name = `w${number}`
      try {
        return { lock: await lockFolder(join(folder, name), 'audit log'), name }
      } catch (cause) {
        if (!(cause instanceof DatabaseError && cause.kind === 'conflict') || number + 1 === MOST) throw cause
      }
    }
  } catch (cause) {
    throw unusable(cause)
  }
}

/** A folder that cannot be used, as a fault of the configuration. */
export function unusable(cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException).code
  if (!(cause instanceof DatabaseError) && code === undefined) return cause
  const known = cause instanceof DatabaseError ? cause.advice : undefined
  const advice = isHeld(cause)
    ? STOP_THE_OTHER
    : (known ?? 'correct its owner and mode, or name another folder')
  return new ConfigError([{ path: 'audit.folder', problem: (cause as Error).message, advice }])
}

function auditLog(
  log: SegmentLog,
  lock: FolderLock,
  { onFull }: AuditLogOptions,
  { clock, observer }: AuditLogDeps,
): AuditLog {
  let failing = false
  let closing: Promise<void> | undefined
  let lost: LostRecord | undefined
  const lose = () => {
    if (lost === undefined) {
      lost = { since: clock.now(), count: 0 }
      log.note('lost', lost, () => {
        lost = undefined
      })
    }
    lost.count++
  }
  return {
    async intent(record) {
      const seconds = log.lastTime() - clock.now()
      if (seconds > MAX_CLOCK_BEHIND_SECONDS) {
        const cause = new Error(`the clock is ${seconds} s behind the newest audit record`)
        observer.clockBehind(seconds)
        throw new VomsError('audit', { vo: record.vo }, cause)
      }
      if (log.waiting() >= MAX_WAITING) throw new VomsError('overloaded', { vo: record.vo })
      try {
        await log.append('intent', record)
        failing = false
        observer.recorded('intent', true)
      } catch (cause) {
        failing = true
        observer.recorded('intent', false)
        if (onFull === 'refuse') throw new VomsError('audit', { vo: record.vo }, cause)
        lose()
      }
    },
    result(record) {
      // Nothing is kept in memory for a disk that may be full for days.
      if (failing && onFull === 'alarm') return
      const kind = 'ac' in record ? 'issued' : 'failed'
      log.note(kind, record, () => observer.recorded(kind, true))
    },
    head: () => log.head(),
    close() {
      closing ??= log.close(true).finally(() => lock.release())
      return closing
    },
  }
}

async function removeOldOnes(
  log: SegmentLog,
  name: string,
  { folder, retentionDays, headKey }: AuditLogOptions,
  { clock, storage, observer }: AuditLogDeps,
): Promise<void> {
  try {
    const through = await signedThrough(folder, name, headKey)
    const before = clock.now() - retentionDays * DAY_SECONDS
    const count = await removeOld(log, storage, { folder, log: name, before, signedThrough: through })
    if (count > 0) observer.removed(name, count)
  } catch (cause) {
    observer.notRemoved(name, cause)
  }
}
