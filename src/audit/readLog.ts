import { join } from 'node:path'
import { type Frame, type FrameFault, fieldsOf, NO_HASH } from './frame.ts'
import { readSegment, type SegmentRange } from './readSegment.ts'
import { shapeFault } from './recordShape.ts'
import type { BeginRecord, RemovedRecord } from './records.ts'
import { listSegments, readFirstLine, segmentName } from './segmentFiles.ts'
import { segmentStorage } from './segmentStorage.ts'

/** The first thing that is not as it was written, and where. */
export interface LogFault {
  readonly log: string
  readonly file: string
  readonly offset: number
  /** The number that the record there has or should have. */
  readonly n: number
  /** torn: the file ends inside a record, as a crash leaves it until the daemon starts again. */
  readonly kind: 'torn' | 'damaged'
  readonly what: string
}

/** Where reading may go on: after record `n` with `hash`, at `offset` of `segment`. */
export interface LogPosition {
  readonly segment: number
  readonly offset: number
  readonly n: number
  readonly hash: string
}

/** Records of one segment that stand together. */
export interface LogChunk {
  readonly segment: number
  readonly frames: readonly Frame[]
}

export interface LogEnd {
  /** After the last record that is right; undefined when there is none. */
  readonly position: LogPosition | undefined
  readonly fault: LogFault | undefined
}

export interface ReadLogOptions {
  /** Begin here instead of at the oldest segment. */
  readonly from?: LogPosition | undefined
  /** Begin with this segment, and trust what it says of the one before it. */
  readonly fromSegment?: number | undefined
  /** Whether the log may be written just now: a record whose end is missing is waited for. */
  readonly growing?: boolean
}

/** No write is longer, so no crash cuts off more. */
export const MAX_WRITE_BYTES = 1_048_576

/**
 * Reads one log from its oldest segment to its newest record, in pieces of about a mebibyte, and checks all of it:
 * each hash, the numbers and times, and how each segment follows the one before. Ends at the first fault. A log may be
 * read while it is written.
 */
export async function* readLog(
  folder: string,
  log: string,
  { from, fromSegment, growing = false }: ReadLogOptions = {},
): AsyncGenerator<LogChunk, LogEnd> {
  const state: State = { folder, log, growing, at: from, time: 0, removedThrough: 0 }
  const oldest = from?.segment ?? fromSegment ?? 0
  const segments = (await listSegments(folder, log)).filter(segment => segment >= oldest)
  for (const [index, segment] of segments.entries()) {
    const fault = yield* readOne(state, segment, segments[index + 1])
    if (fault !== undefined) return { position: state.at, fault }
  }
  const first = segments[0]
  const partly = from !== undefined || fromSegment !== undefined
  if (!partly && first !== undefined && first - 1 > state.removedThrough) {
    const what = 'the file is missing, and no record says that it was removed'
    return { position: state.at, fault: faultAt(state, first - 1, { kind: 'damaged', offset: 0, what }) }
  }
  return { position: state.at, fault: undefined }
}

/**
 * readLog() with a function that sees each piece; the reading ends early when that gives true, and the result is
 * undefined then.
 */
export async function visitLog(
  folder: string,
  log: string,
  options: ReadLogOptions,
  visit: (chunk: LogChunk) => boolean | undefined,
): Promise<LogEnd | undefined> {
  const reader = readLog(folder, log, options)
  try {
    for (;;) {
      const { value, done } = await reader.next()
      if (done) return value
      if (visit(value)) return undefined
    }
  } finally {
    await reader.return({ position: undefined, fault: undefined })
  }
}

interface State {
  readonly folder: string
  readonly log: string
  readonly growing: boolean
  at: LogPosition | undefined
  time: number
  removedThrough: number
}

async function* readOne(
  state: State,
  segment: number,
  next: number | undefined,
): AsyncGenerator<LogChunk, LogFault | undefined> {
  const { folder, log, at } = state
  const path = join(folder, log, segmentName(segment))
  const damaged = (in_: number, what: string) => faultAt(state, in_, { kind: 'damaged', offset: 0, what })
  if (at !== undefined && segment > at.segment + 1) return damaged(at.segment + 1, 'the file is missing')
  if (at?.segment !== segment) {
    const start = at ?? (await statedStart(path, segment))
    if (start === undefined) return damaged(segment, 'its first record cannot be read')
    state.at = { segment, offset: 0, n: start.n, hash: start.hash }
  }
  const { hash, offset } = state.at!
  // Where this one ends is what the next one says; there may be a torn write behind it.
  const after =
    next === segment + 1
      ? (await readFirstLine<BeginRecord>(join(folder, log, segmentName(next))))?.previous
      : undefined
  if (next === segment + 1 && !Number.isSafeInteger(after?.length))
    return damaged(next, 'its first record cannot be read')
  const fault = yield* readFrames(state, path, segment, {
    hash,
    offset,
    limit: after?.length,
    growing: state.growing,
  })
  if (fault !== undefined) return fault
  if (state.at!.offset === 0) return damaged(segment, 'the file is empty')
  if (after === undefined) return undefined
  const { n, hash: last } = state.at!
  if (after.n !== n || after.hash !== last || after.segment !== segment)
    return damaged(next!, `its first record does not fit the end of ${segmentName(segment)}`)
  return checkTail(state, path, segment, after)
}

async function* readFrames(
  state: State,
  path: string,
  segment: number,
  range: SegmentRange,
): AsyncGenerator<LogChunk, LogFault | undefined> {
  const reader = readSegment(path, range)
  try {
    for (;;) {
      const { value, done } = await reader.next()
      if (done) return value === undefined ? undefined : faultAt(state, segment, value)
      for (const frame of value) {
        const what = judge(state, segment, frame)
        if (what !== undefined) {
          return faultAt(state, segment, { kind: 'damaged', offset: frame.offset, what })
        }
        state.at = { segment, offset: frame.end, n: frame.n, hash: frame.hash }
      }
      yield { segment, frames: value }
    }
  } finally {
    await reader.return(undefined)
  }
}

/** What the oldest segment says of the one before it, which is gone: its records of removal are checked later. */
async function statedStart(path: string, segment: number): Promise<{ n: number; hash: string } | undefined> {
  if (segment === 1) return { n: 0, hash: NO_HASH }
  const previous = (await readFirstLine<BeginRecord>(path))?.previous
  if (!Number.isSafeInteger(previous?.n) || typeof previous?.hash !== 'string') return undefined
  return previous.hash.length === NO_HASH.length ? previous : undefined
}

/** What is wrong with a record whose hash is right: only a writer with a fault, or a forger, makes such a one. */
function judge(state: State, segment: number, frame: Frame): string | undefined {
  const first = frame.offset === 0
  if (frame.n !== state.at!.n + 1) return `the record has number ${frame.n}`
  if (first !== (frame.k === 'begin'))
    return first ? 'the first record is none that begins a file' : 'a second beginning'
  if (frame.t < state.time) return `the record is ${state.time - frame.t} s older than the one before`
  state.time = frame.t
  const misshapen = shapeFault(frame)
  if (misshapen !== undefined) return misshapen
  if (first) {
    const begin = fieldsOf<BeginRecord>(frame)
    if (begin.log !== state.log || begin.segment !== segment)
      return `it is file ${begin.segment} of log ${begin.log}`
    if (segment > 1 && begin.previous?.segment !== segment - 1)
      return 'it does not say how the file before ended'
  }
  if (frame.k === 'removed')
    state.removedThrough = Math.max(state.removedThrough, fieldsOf<RemovedRecord>(frame).through)
  return undefined
}

async function checkTail(
  state: State,
  path: string,
  segment: number,
  { length, tail }: NonNullable<BeginRecord['previous']>,
): Promise<LogFault | undefined> {
  const found = await segmentStorage.tail(path, length)
  const fault = (what: string) => faultAt(state, segment, { kind: 'damaged', offset: length, what })
  if (found === undefined && tail === undefined) return undefined
  if (tail === undefined) return fault(`${found!.bytes} octets after the last record`)
  if (found?.bytes !== tail.bytes || found.sha256 !== tail.sha256)
    return fault('the write that a crash cut short is not what it was when the daemon started again')
  if (tail.bytes > MAX_WRITE_BYTES)
    return fault(`${tail.bytes} octets are no records, more than a crash can cut off`)
  return undefined
}

function faultAt(state: State, segment: number, { kind, offset, what }: FrameFault): LogFault {
  const file = join(state.log, segmentName(segment))
  return { log: state.log, file, offset, n: (state.at?.n ?? 0) + 1, kind, what }
}
