import { open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Frame, type FrameFault, FrameScanner } from './frame.ts'

const CHUNK_BYTES = 1_048_576
/** A writer that is in the midst of a write is through with it long before. */
const PARTIAL_WAITS = 5
const PARTIAL_WAIT_MS = 100

export interface SegmentRange {
  /** Hash before the first record to read, and where that record begins. */
  readonly hash: string
  readonly offset: number
  /** Where the records end; undefined: with the file, which may be growing. */
  readonly limit: number | undefined
  /** Whether a write may be under way at the end of the file, which is then waited for. */
  readonly growing: boolean
}

/**
 * Reads the records of one file in pieces, each checked against the one before. What it ends with is the first fault,
 * undefined when every octet of the range belongs to a record.
 */
export async function* readSegment(
  path: string,
  { hash, offset, limit, growing }: SegmentRange,
): AsyncGenerator<readonly Frame[], FrameFault | undefined> {
  const scanner = new FrameScanner({ hash, offset })
  const file = await open(path, 'r')
  try {
    let position = offset
    for (let waits = 0; scanner.fault === undefined; ) {
      const wanted = Math.min(CHUNK_BYTES, (limit ?? Number.POSITIVE_INFINITY) - position)
      // Frames are views on it.
      const chunk = Buffer.allocUnsafe(wanted)
      const { bytesRead } = await file.read(chunk, 0, wanted, position)
      position += bytesRead
      const frames = scanner.push(chunk.subarray(0, bytesRead))
      if (frames.length > 0) yield frames
      if (bytesRead > 0) continue
      const partial = growing && position > scanner.offset && limit === undefined
      if (!partial || waits++ === PARTIAL_WAITS) break
      await sleep(PARTIAL_WAIT_MS)
    }
    return scanner.end() ?? shortOf(limit, scanner.offset)
  } finally {
    await file.close()
  }
}

function shortOf(limit: number | undefined, offset: number): FrameFault | undefined {
  if (limit === undefined || offset === limit) return undefined
  return {
    kind: 'damaged',
    offset,
    what: `the file ends here, ${limit - offset} octets before its records do`,
  }
}
