import { join } from 'node:path'
import type { SegmentLog } from './openSegmentLog.ts'
import type { BeginRecord, RemovedRecord } from './records.ts'
import { listSegments, readFirstLine, segmentName } from './segmentFiles.ts'
import type { SegmentStorage } from './segmentStorage.ts'

export interface RemoveOldOptions {
  readonly folder: string
  readonly log: string
  /** Segments whose last record is older than this, in seconds since the epoch, go. */
  readonly before: number
  /** The newest record that was verified and signed. */
  readonly signedThrough: number
}

/**
 * Removes a log's oldest segments: those that are old enough and whose every record was verified and signed. A record
 * that they are removed is durable before the first one is. Gives how many were removed.
 */
export async function removeOld(
  log: SegmentLog,
  storage: SegmentStorage,
  options: RemoveOldOptions,
): Promise<number> {
  const segments = await listSegments(options.folder, options.log)
  const path = (segment: number) => join(options.folder, options.log, segmentName(segment))
  const old: number[] = []
  let last: RemovedRecord | undefined
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1]
    if (next === undefined || next > log.head().segment) break
    const begin = await readFirstLine<BeginRecord & { t: number }>(path(next))
    // The next one began after the last record of this one.
    if (begin?.previous?.segment !== segment || !(begin.t < options.before)) break
    if (begin.previous.n > options.signedThrough) break
    last = { through: segment, n: begin.previous.n, hash: begin.previous.hash }
    old.push(segment)
  }
  if (last === undefined) return 0
  await log.append('removed', last)
  for (const segment of old) await storage.remove(path(segment))
  return old.length
}
