import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { ConfigError } from '../config/ConfigError.ts'
import { chainHash, frameLine, MAX_BODY_BYTES, NO_HASH } from './frame.ts'
import { visitLog } from './readLog.ts'
import type { BeginRecord, LogHead, PreviousSegment, RecordKind } from './records.ts'
import { listSegments, readLastLine, segmentName } from './segmentFiles.ts'
import type { SegmentFile, SegmentStorage } from './segmentStorage.ts'

/** What a record holds beyond number, time and kind. */
export type Fields = object

export interface SegmentLogOptions {
  readonly folder: string
  /** Name of the log, and of its folder in `folder`, which exists and belongs to this writer alone. */
  readonly log: string
  readonly maxSegmentBytes: number
}

export interface SegmentLogDeps {
  now(): number
  /** Milliseconds on a clock that never jumps. */
  monotonic(): number
  readonly storage: SegmentStorage
  readonly observer: SegmentObserver
  /** Runs `run` later; the result calls it off. */
  after(milliseconds: number, run: () => void): () => void
  /** How many records are soon to come, those that wait included; absent: nobody knows. */
  expected?(): number
}

/** For metrics and log lines: one call for each event. */
export interface SegmentObserver {
  /** One write: how many records and octets, and how long they took to become durable. */
  committed(records: number, bytes: number, milliseconds: number): void
  /** Nothing could be written; `records` waited for it. */
  failed(cause: unknown, records: number): void
  segmentBegun(segment: number): void
}

export interface SegmentLog {
  /** How the segment before was found, when it did not end with a record. */
  readonly unclean: PreviousSegment | undefined
  /** Resolves when the record is durable, rejects when it is not; it is then not tried again. */
  append(kind: RecordKind, fields: Fields, seal?: Seal): Promise<LogHead>
  /** Written with the next record, or a moment later; kept over failures until it is. */
  note(kind: RecordKind, fields: Fields, written?: () => void): void
  /** Everything up to it is durable. */
  head(): LogHead
  /** Time of the newest record, durable or not. */
  lastTime(): number
  /** How many records wait. */
  waiting(): number
  /** Writes what waits, `end` records included, and closes the file. */
  close(end: boolean): Promise<void>
}

/** Makes a body out of a body, knowing the hash of the record before: a signature goes in here. */
export type Seal = (previous: string, body: string) => string

interface Item {
  readonly kind: RecordKind
  readonly t: number
  /** JSON of the fields; of a note as they are when it is written. */
  readonly json: () => string
  readonly seal: Seal | undefined
  /** Undefined for what is kept over failures. */
  readonly reject: ((cause: unknown) => void) | undefined
  readonly done: ((head: LogHead) => void) | undefined
}

/** One write takes no more of them: a reader believes a crash no longer torn record. */
const MAX_BATCH_BYTES = 524_288
/** A character takes three octets at most; the rest is for number, time, kind and a signature. */
const MAX_FIELDS_CHARACTERS = Math.floor(MAX_BODY_BYTES / 3) - 200
/** Notes wait so long for a record that is waited for, and then have a write of their own. */
const NOTE_DELAY_MS = 100
/**
 * While further records are soon to come, a write begins no sooner than this after the one before, unless records came
 * while that was under way. It spares a busy process most of its writes, and of the threads that they wake
 * (bench/README.md); alone, a record does not wait.
 */
const GATHER_MS = 5
/** How often notes are tried again after a failure: within five seconds of there being space. */
const RETRY_MS = 1000
const DAY_SECONDS = 86_400
const FULL = new Set(['ENOSPC', 'EDQUOT'])

/**
 * Opens a log for appending, always with a new segment: the end of the last one is found, checked and written down in
 * the new one's first record. Throws ConfigError when the last segment cannot be continued, or a system's error.
 */
export async function openSegmentLog(options: SegmentLogOptions, deps: SegmentLogDeps): Promise<SegmentLog> {
  const previous = await endOfLast(options, deps)
  const writer = new Writer(options, deps, previous)
  await writer.start()
  return writer
}

async function endOfLast(
  { folder, log }: SegmentLogOptions,
  { storage }: SegmentLogDeps,
): Promise<(PreviousSegment & { readonly time: number }) | undefined> {
  const segment = (await listSegments(folder, log)).at(-1)
  if (segment === undefined) return undefined
  const path = join(folder, log, segmentName(segment))
  await storage.settle(path)
  let time = 0
  const end = await visitLog(folder, log, { fromSegment: segment }, ({ frames }) => {
    time = frames.at(-1)?.t ?? time
    return false
  })
  const { position, fault } = end!
  if (position === undefined || position.offset === 0) {
    throw new ConfigError([
      {
        path,
        problem: `the file cannot be continued: ${fault?.what ?? 'it has no first record'}`,
        advice: `find out who changed it (vouchd audit verify), then move ${join(folder, log)} to another place`,
      },
    ])
  }
  const { n, hash, offset: length } = position
  const tail = await storage.tail(path, length)
  return { segment, length, n, hash, time, ...(tail === undefined ? {} : { tail }) }
}

class Writer implements SegmentLog {
  readonly unclean: PreviousSegment | undefined
  private readonly options: SegmentLogOptions
  private readonly deps: SegmentLogDeps
  private file: SegmentFile | undefined
  private segment: number
  private begun = 0
  private day = 0
  private length: number
  private n: number
  private hash: string
  private time: number
  private queue: Item[] = []
  /** How many of the queue are waited for; the rest can wait itself. */
  private waitedFor = 0
  /** The notes of the queue have waited long enough. */
  private notesDue = false
  private running: Promise<void> | undefined
  private lastWrite = Number.NEGATIVE_INFINITY
  /** Ends the wait for further records. */
  private goOn: (() => void) | undefined
  private cancelTimer: (() => void) | undefined
  private closed = false

  constructor(
    options: SegmentLogOptions,
    deps: SegmentLogDeps,
    previous: (PreviousSegment & { readonly time: number }) | undefined,
  ) {
    this.options = options
    this.deps = deps
    this.unclean = previous?.tail === undefined ? undefined : previous
    this.segment = previous?.segment ?? 0
    this.length = previous?.length ?? 0
    this.n = previous?.n ?? 0
    this.hash = previous?.hash ?? NO_HASH
    this.time = previous?.time ?? 0
  }

  start(): Promise<void> {
    return this.begin()
  }

  append(kind: RecordKind, fields: Fields, seal?: Seal): Promise<LogHead> {
    return new Promise((done, reject) => {
      if (this.closed) {
        reject(new Error('the log is closed'))
        return
      }
      const json = JSON.stringify(fields)
      if (json.length > MAX_FIELDS_CHARACTERS) {
        reject(new Error(`the record is too long: ${json.length} characters`))
        return
      }
      this.queue.push({ kind, t: this.stamp(), json: () => json, seal, reject, done })
      this.waitedFor++
      if (this.goOn !== undefined && !this.isMoreExpected()) this.goOn()
      void this.run()
    })
  }

  note(kind: RecordKind, fields: Fields, written?: () => void): void {
    if (this.closed) return
    const json = () => JSON.stringify(fields)
    this.queue.push({ kind, t: this.stamp(), json, seal: undefined, reject: undefined, done: written })
    this.runLater(NOTE_DELAY_MS)
  }

  head(): LogHead {
    return { log: this.options.log, segment: this.segment, n: this.n, hash: this.hash }
  }

  lastTime(): number {
    return this.time
  }

  waiting(): number {
    return this.queue.length
  }

  async close(end: boolean): Promise<void> {
    if (this.closed) return
    if (end) this.note('end', {})
    this.closed = true
    this.goOn?.()
    await this.running
    this.notesDue = true
    await this.run()
    this.cancelTimer?.()
    await this.file?.close()
    this.file = undefined
  }

  /** Never before the newest record, but for what its caller has found near enough. */
  private stamp(): number {
    this.time = Math.max(this.time, this.deps.now())
    return this.time
  }

  private runLater(milliseconds: number): void {
    this.cancelTimer ??= this.deps.after(milliseconds, () => {
      this.cancelTimer = undefined
      this.notesDue = true
      void this.run()
    })
  }

  private run(): Promise<void> {
    this.running ??= this.writeSoon().finally(() => {
      this.running = undefined
      // A record may come just as the last write has ended.
      if (this.waitedFor > 0) void this.run()
      else if (this.queue.length > 0 && !this.closed) this.runLater(RETRY_MS)
    })
    return this.running
  }

  /** What comes in the same turn of the loop goes into one write, and while many come what comes a little later. */
  private async writeSoon(): Promise<void> {
    await turn()
    const milliseconds = this.lastWrite + GATHER_MS - this.deps.monotonic()
    if (milliseconds > 0 && !this.closed && this.isMoreExpected()) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const cancel = this.deps.after(milliseconds, resolve)
      this.goOn = resolve
      await promise
      this.goOn = undefined
      cancel()
    }
    await this.writeAll()
  }

  private isMoreExpected(): boolean {
    return (this.deps.expected?.() ?? 0) > this.waitedFor
  }

  /** Records that come while a write is under way go together into the next one; notes make none of their own. */
  private async writeAll(): Promise<void> {
    while (this.queue.length > 0 && (this.waitedFor > 0 || this.notesDue)) {
      const items = this.queue
      this.queue = []
      this.notesDue = false
      let taken = 0
      try {
        if (this.isDue()) await this.rotate()
        const batch = this.frame(items)
        taken = batch.count
        const started = this.deps.monotonic()
        this.lastWrite = started
        await writeWhole(this.file!, batch.bytes, this.length)
        this.deps.observer.committed(taken, batch.bytes.length, this.deps.monotonic() - started)
        this.length += batch.bytes.length
        this.n += taken
        this.hash = batch.hash
      } catch (cause) {
        await this.cutBack(cause)
        const kept = items.filter(item => item.reject === undefined)
        this.queue = [...kept, ...this.queue]
        this.deps.observer.failed(cause, items.length - kept.length)
        this.waitedFor -= items.length - kept.length
        for (const item of items) item.reject?.(cause)
        continue
      }
      if (taken < items.length) {
        this.queue = [...items.slice(taken), ...this.queue]
        this.notesDue = true
      }
      const head = this.head()
      for (const item of items.slice(0, taken)) {
        if (item.reject !== undefined) this.waitedFor--
        item.done?.(head)
      }
    }
  }

  private frame(items: readonly Item[]): { bytes: Buffer; count: number; hash: string } {
    const lines: Buffer[] = []
    let { hash, n } = this
    let size = 0
    for (const { kind, t, json, seal } of items) {
      // A record that waited while a file was begun is not older than that file.
      let body = bodyOf(n + 1, Math.max(t, this.begun), kind, json())
      if (seal !== undefined) body = seal(hash, body)
      const recordHash = chainHash(hash, body)
      const line = Buffer.from(frameLine(recordHash, body))
      if (lines.length > 0 && size + line.length > MAX_BATCH_BYTES) break
      lines.push(line)
      size += line.length
      hash = recordHash
      n++
    }
    return { bytes: Buffer.concat(lines, size), count: lines.length, hash }
  }

  /** A new segment when there is none, when this one is full, and each day. */
  private isDue(): boolean {
    if (this.file === undefined || this.length >= this.options.maxSegmentBytes) return true
    return Math.floor(this.deps.now() / DAY_SECONDS) > this.day
  }

  /** A new segment can wait where the old one can still be written, for instance while no file can be opened. */
  private async rotate(): Promise<void> {
    try {
      await this.begin()
    } catch (cause) {
      if (this.file === undefined) throw cause
    }
  }

  /** A segment gets its name only when its first record is on disk: none is ever seen without one. */
  private async begin(): Promise<void> {
    const { storage } = this.deps
    const { log } = this.options
    const segment = this.segment + 1
    const path = this.path(segment)
    const previous = await this.previous()
    const first: BeginRecord = {
      format: 1,
      log,
      segment,
      pid: process.pid,
      ...(previous === undefined ? {} : { previous }),
    }
    const begun = this.stamp()
    const body = bodyOf(this.n + 1, begun, 'begin', JSON.stringify(first))
    const hash = chainHash(this.hash, body)
    const bytes = Buffer.from(frameLine(hash, body))
    const file = await storage.create(`${path}.new`)
    try {
      await writeWhole(file, bytes, 0)
    } catch (cause) {
      await file.close().catch(ignore)
      await storage.remove(`${path}.new`).catch(ignore)
      throw cause
    }
    try {
      await storage.publish(`${path}.new`, path)
    } catch (cause) {
      // It may have its name all the same: the old one must not grow beyond what this one says of it.
      await file.close().catch(ignore)
      await this.abandon()
      throw cause
    }
    await this.file?.close().catch(ignore)
    this.file = file
    this.segment = segment
    this.begun = begun
    this.day = Math.floor(begun / DAY_SECONDS)
    this.length = bytes.length
    this.n++
    this.hash = hash
    this.deps.observer.segmentBegun(segment)
  }

  private async previous(): Promise<PreviousSegment | undefined> {
    const { segment, length, n, hash } = this
    if (segment === 0) return undefined
    const tail = await this.deps.storage.tail(this.path(segment), length)
    return { segment, length, n, hash, ...(tail === undefined ? {} : { tail }) }
  }

  /**
   * What is not durable is cut off again. A full disk is done with then; after any other failure nobody knows what is
   * on disk, so the next record begins a new segment, whose first record says what was left.
   */
  private async cutBack(cause: unknown): Promise<void> {
    const { file } = this
    if (file === undefined) return
    const cut = await file.truncate(this.length).then(
      () => true,
      () => false,
    )
    if (!cut || !FULL.has((cause as NodeJS.ErrnoException).code ?? '')) await this.abandon()
  }

  private async abandon(): Promise<void> {
    const { file } = this
    this.file = undefined
    await file?.close().catch(ignore)
  }

  private path(segment: number): string {
    return join(this.options.folder, this.options.log, segmentName(segment))
  }
}

/** Short writes go on where they ended; a write of nothing is a full disk on systems that do not say so. */
async function writeWhole(file: SegmentFile, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const written = await file.write(bytes.subarray(at), position + at)
    if (written <= 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' })
    at += written
  }
}

function ignore(): void {}

function bodyOf(n: number, t: number, kind: RecordKind, json: string): string {
  return `{"n":${n},"t":${t},"k":"${kind}"${json === '{}' ? '' : `,${json.slice(1, -1)}`}}`
}

/** Time of a log's newest record, as far as it can be read; 0 without one. */
export async function newestTime(folder: string, log: string): Promise<number> {
  const segment = (await listSegments(folder, log)).at(-1)
  if (segment === undefined) return 0
  const last = await readLastLine<{ t?: unknown }>(join(folder, log, segmentName(segment)))
  return typeof last?.t === 'number' ? last.t : 0
}
