import type { KeyObject } from 'node:crypto'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { isSigned } from './checkpoint.ts'
import { type Frame, fieldsOf } from './frame.ts'
import { type LogFault, visitLog } from './readLog.ts'
import type { CheckpointRecord } from './records.ts'
import { HEADS, listLogs, segmentName } from './segmentFiles.ts'

export interface VerifyAuditOptions {
  readonly folder: string
  /** The keys that may have signed, by their ids. */
  readonly keys: ReadonlyMap<string, KeyObject>
  /** Hash of a checkpoint that was noted elsewhere: it must still be there. */
  readonly checkpoint?: string | undefined
}

export interface AuditReport {
  readonly records: number
  readonly checkpoints: number
  readonly logs: number
  /** Hash of the newest checkpoint, for noting elsewhere. */
  readonly newestCheckpoint: string | undefined
  /** The first fault of each log; empty when all is as it was written. */
  readonly faults: readonly LogFault[]
}

/** Heads are signed once a minute; a record that is older and unsigned was written while nobody signed. */
const UNSIGNED_SECONDS = 120

/**
 * Reads every record of every log: hashes, numbers, how files follow each other, and that each signed head is there.
 * Gives the first fault of each log with its place. May run beside the daemon.
 */
export async function verifyAudit(options: VerifyAuditOptions, clock: Clock): Promise<AuditReport> {
  // The heads first: whatever they sign was written before them.
  const started = clock.now()
  const heads = await verifyHeads(options)
  const faults = heads.fault === undefined ? [] : [heads.fault]
  // What a broken list of heads signs nobody knows.
  const unsignedBefore = heads.fault === undefined ? started - UNSIGNED_SECONDS : 0
  let records = 0
  const logs = await listLogs(options.folder)
  for (const log of logs) {
    const checked = await verifyLog(options.folder, log, heads.wanted.get(log) ?? new Map(), unsignedBefore)
    records += checked.records
    if (checked.fault !== undefined) faults.push(checked.fault)
  }
  for (const [log, wanted] of heads.wanted) {
    if (logs.includes(log)) continue
    const n = largest(wanted.keys())
    faults.push(fault(log, 1, 0, n, `the log is missing; a checkpoint signs its record ${n}`))
  }
  const { checkpoints, newest: newestCheckpoint } = heads
  return { records, checkpoints, logs: logs.length, newestCheckpoint, faults }
}

interface Heads {
  checkpoints: number
  newest: string | undefined
  /** By log and number: the hash that is signed. */
  readonly wanted: Map<string, Map<number, string>>
  fault: LogFault | undefined
}

/** A checkpoint's hash covers all before it, so that the last signature of a file speaks for those above it as well. */
async function verifyHeads({ folder, keys, checkpoint }: VerifyAuditOptions): Promise<Heads> {
  const heads: Heads = { checkpoints: 0, newest: undefined, wanted: new Map(), fault: undefined }
  let last: { segment: number; previous: string; frame: Frame } | undefined
  let previous = ''
  let noted = checkpoint === undefined
  const judgeLast = () => {
    if (last === undefined || isSigned(keys, last.previous, last.frame)) return
    const { key } = fieldsOf<CheckpointRecord>(last.frame)
    const what = keys.has(key)
      ? 'the signature of the checkpoint is wrong'
      : `the checkpoint is signed by a key that is not known here, ${key}`
    heads.fault ??= fault(HEADS, last.segment, last.frame.offset, last.frame.n, what)
  }
  const end = await visitLog(folder, HEADS, { growing: true }, ({ segment, frames }) => {
    if (last !== undefined && last.segment !== segment) judgeLast()
    for (const frame of frames) {
      if (frame.k === 'checkpoint') {
        heads.checkpoints++
        heads.newest = frame.hash
        noted ||= frame.hash === checkpoint
        for (const head of fieldsOf<CheckpointRecord>(frame).logs)
          want(heads.wanted, head.log, head.n, head.hash)
        last = { segment, previous, frame: { ...frame, body: frame.body.slice() } }
      }
      previous = frame.hash
    }
    return false
  })
  judgeLast()
  heads.fault ??= end?.fault
  if (!noted) {
    heads.fault ??= fault(HEADS, 1, 0, 0, `checkpoint ${checkpoint} is not there: records were taken back`)
  }
  return heads
}

function want(wanted: Heads['wanted'], log: string, n: number, hash: string): void {
  let ofLog = wanted.get(log)
  if (ofLog === undefined) {
    ofLog = new Map()
    wanted.set(log, ofLog)
  }
  ofLog.set(n, hash)
}

async function verifyLog(
  folder: string,
  log: string,
  wanted: ReadonlyMap<number, string>,
  unsignedBefore: number,
): Promise<{ records: number; fault: LogFault | undefined }> {
  const signed = largest(wanted.keys())
  let records = 0
  let unsigned: { count: number; segment: number; frame: Frame } | undefined
  let wrong: LogFault | undefined
  const end = await visitLog(folder, log, { growing: true }, ({ segment, frames }) => {
    for (const frame of frames) {
      records++
      const hash = wanted.get(frame.n)
      if (hash !== undefined && hash !== frame.hash) {
        wrong = fault(
          log,
          segment,
          frame.offset,
          frame.n,
          'the record is not the one that a checkpoint signs',
        )
        return true
      }
      if (frame.n > signed && frame.t < unsignedBefore) {
        unsigned ??= { count: 0, segment, frame }
        unsigned.count++
      }
    }
    return false
  })
  const found = wrong ?? end?.fault
  if (found !== undefined) return { records, fault: found }
  const { segment, offset, n } = end?.position ?? { segment: 1, offset: 0, n: 0 }
  if (n < signed) {
    const what = `the log ends here; a checkpoint signs its record ${signed}`
    return { records, fault: fault(log, segment, offset, n + 1, what) }
  }
  return { records, fault: unsigned && unsignedFault(log, unsigned) }
}

function unsignedFault(
  log: string,
  { count, segment, frame }: { count: number; segment: number; frame: Frame },
): LogFault {
  const what = `${count} records from here on are not signed, though older than ${UNSIGNED_SECONDS} s; the daemon signs them when it starts after a crash, else checkpoints were taken away`
  return fault(log, segment, frame.offset, frame.n, what)
}

function largest(numbers: Iterable<number>): number {
  let most = 0
  for (const number of numbers) most = Math.max(most, number)
  return most
}

function fault(log: string, segment: number, offset: number, n: number, what: string): LogFault {
  return { log, file: join(log, segmentName(segment)), offset, n, kind: 'damaged', what }
}
