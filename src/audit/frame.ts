import { hash } from 'node:crypto'
import type { RecordKind } from './records.ts'

/** The hash before a log's first record. */
export const NO_HASH = '0'.repeat(64)
/** Octets before the body: the hash in hexadecimal and a space. */
const BODY_AT = 65
/** No record is longer: the FQANs of one AC take a few kilobytes, a certificate's names little more. */
export const MAX_BODY_BYTES = 262_144
const NEWLINE = 0x0a
const SPACE = 0x20

/** Hash of a record: SHA-256 over the hash of the record before it, in hexadecimal, and its own body. */
export function chainHash(previous: string, body: string): string {
  return hash('sha256', previous + body, 'hex')
}

/** A record as it stands in the file: hash, space, body, line feed. The body is JSON and so holds no line feed. */
export function frameLine(recordHash: string, body: string): string {
  return `${recordHash} ${body}\n`
}

/** A record whose hash was found right. */
export interface Frame {
  /** Where its line begins, and the next one. */
  readonly offset: number
  readonly end: number
  readonly hash: string
  readonly n: number
  /** Seconds since the epoch. */
  readonly t: number
  readonly k: RecordKind
  /** UTF-8 JSON; a view that is good until the next octets are taken. */
  readonly body: Uint8Array
}

/** Why there is no further record at `offset`: the octets end inside one, or they are none. */
export interface FrameFault {
  readonly kind: 'torn' | 'damaged'
  readonly offset: number
  readonly what: string
}

/**
 * Reads records out of octets that come in any pieces, and checks each against the one before it. After a fault
 * nothing more is taken: without the right hash before it no later record can be judged.
 */
export class FrameScanner {
  hash: string
  offset: number
  fault: FrameFault | undefined
  private rest: Buffer = Buffer.alloc(0)
  private readonly scratch = Buffer.allocUnsafe(64 + MAX_BODY_BYTES)

  /** @param start the hash before the first record to come, and where that begins */
  constructor(start: { readonly hash: string; readonly offset: number }) {
    this.hash = start.hash
    this.offset = start.offset
  }

  /** The complete records that these octets end. */
  push(chunk: Uint8Array): Frame[] {
    if (this.fault !== undefined) return []
    const bytes = this.rest.length === 0 ? asBuffer(chunk) : Buffer.concat([this.rest, chunk])
    const frames: Frame[] = []
    let at = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, at)) {
      const frame = this.read(bytes.subarray(at, end))
      if (frame === undefined) return frames
      frames.push(frame)
      at = end + 1
    }
    this.rest = Buffer.from(bytes.subarray(at))
    if (this.rest.length > BODY_AT + MAX_BODY_BYTES) this.stop('damaged', 'a line longer than any record')
    return frames
  }

  /** The octets have ended: what is left over is a fault. */
  end(): FrameFault | undefined {
    if (this.rest.length > 0) this.stop('torn', 'the file ends inside a record')
    return this.fault
  }

  private read(line: Buffer): Frame | undefined {
    if (line.length > BODY_AT + MAX_BODY_BYTES) return this.stop('damaged', 'a line longer than any record')
    if (line.length <= BODY_AT || line[64] !== SPACE) return this.stop('damaged', 'a line that is no record')
    const body = line.subarray(BODY_AT)
    this.scratch.write(this.hash, 'latin1')
    body.copy(this.scratch, 64)
    const expected = hash('sha256', this.scratch.subarray(0, 64 + body.length), 'hex')
    if (line.toString('latin1', 0, 64) !== expected) {
      return this.stop('damaged', 'a record whose hash is not that of the record before it and its own text')
    }
    const head = HEAD.exec(body.toString('latin1', 0, 80))
    if (head === null) return this.stop('damaged', 'a record without number, time and kind')
    const offset = this.offset
    this.hash = expected
    this.offset += line.length + 1
    return {
      offset,
      end: this.offset,
      hash: expected,
      n: Number(head[1]),
      t: Number(head[2]),
      k: head[3] as RecordKind,
      body,
    }
  }

  private stop(kind: FrameFault['kind'], what: string): undefined {
    this.rest = Buffer.alloc(0)
    this.fault = { kind, offset: this.offset, what }
    return undefined
  }
}

const HEAD = /^\{"n":(\d{1,15}),"t":(\d{1,12}),"k":"([a-z]{1,16})"/

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The fields of a record, beyond what its frame names. */
export function fieldsOf<T>({ body }: Pick<Frame, 'body'>): T {
  return JSON.parse(Buffer.from(body).toString('utf8')) as T
}
