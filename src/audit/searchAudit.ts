import { join } from 'node:path'
import { keyOfString } from '../../native-free/dn/keyOfString.ts'
import { shortForm } from '../../native-free/fqan/shortForm.ts'
import { type Frame, fieldsOf } from './frame.ts'
import { type LogFault, readLog } from './readLog.ts'
import type { BeginRecord, IntentRecord, ResultRecord } from './records.ts'
import { listLogs, listSegments, readFirstLine, segmentName } from './segmentFiles.ts'

/** What is searched for; each key that is there must fit. */
export interface AuditFilter {
  /** Serial of the AC, hexadecimal, with or without leading zeros. */
  readonly serial?: string | undefined
  /** Subject of the holder's certificate, in any usual spelling of the slash form. */
  readonly dn?: string | undefined
  /** In long or short form. */
  readonly fqan?: string | undefined
  readonly vo?: string | undefined
  /** The request's id. */
  readonly id?: string | undefined
  /** Seconds since the epoch, both ends included. */
  readonly from?: number | undefined
  readonly until?: number | undefined
}

/** One AC: who was to get what, and what came of it. */
export interface Issuance extends IntentRecord {
  readonly log: string
  readonly n: number
  /** When the intent was recorded, in seconds since the epoch. */
  readonly time: number
  /** unknown: the process died, or the disk became full, before the result was written. */
  outcome: 'issued' | 'failed' | 'unknown'
  /** SHA-256 of the AC. */
  ac: string | undefined
  /** Why it failed: a code of docs/errors.md. */
  code: string | undefined
}

/** A result is written a moment after its intent; one that is missing for so long does not come any more. */
const RESULT_WAIT_SECONDS = 60

/**
 * The ACs that fit, of all logs, in the order of their time. Records that cannot be read are told to `onFault`, and the
 * search goes on with the next file.
 */
export async function* searchAudit(
  folder: string,
  filter: AuditFilter,
  onFault: (fault: LogFault) => void,
): AsyncGenerator<Issuance> {
  const fits = createMatcher(filter)
  const sources = (await listLogs(folder)).map(log => searchLog(folder, log, filter, fits, onFault))
  try {
    const heads = await Promise.all(sources.map(source => source.next()))
    for (;;) {
      let first = -1
      for (const [index, { value, done }] of heads.entries()) {
        if (!done && (first < 0 || value.time < (heads[first]!.value as Issuance).time)) first = index
      }
      if (first < 0) return
      yield heads[first]!.value as Issuance
      heads[first] = await sources[first]!.next()
    }
  } finally {
    for (const source of sources) await source.return(undefined)
  }
}

function createMatcher(filter: AuditFilter): (intent: IntentRecord) => boolean {
  const serial = filter.serial === undefined ? undefined : bareSerial(filter.serial)
  const fqan = filter.fqan === undefined ? undefined : shortForm(filter.fqan)
  const holder = filter.dn === undefined ? undefined : keyOfString(filter.dn)
  return intent =>
    (filter.vo === undefined || intent.vo === filter.vo) &&
    (filter.id === undefined || intent.id === filter.id) &&
    (serial === undefined || bareSerial(intent.serial) === serial) &&
    (fqan === undefined || intent.fqans.some(one => shortForm(one) === fqan)) &&
    (holder === undefined || intent.holder === filter.dn || keyOfString(intent.holder) === holder)
}

/** Programs print serials with colons, in capitals, and with a zero octet before a first bit that is set. */
function bareSerial(serial: string): string {
  return serial
    .toLowerCase()
    .replaceAll(/^0x|[:\s]/g, '')
    .replace(/^0+(?=.)/, '')
}

async function* searchLog(
  folder: string,
  log: string,
  filter: AuditFilter,
  fits: (intent: IntentRecord) => boolean,
  onFault: (fault: LogFault) => void,
): AsyncGenerator<Issuance, undefined> {
  const pairing = new Pairing(log, filter, fits)
  for (let fromSegment = await firstSegment(folder, log, filter.from); fromSegment !== undefined; ) {
    const reader = readLog(folder, log, { fromSegment })
    try {
      for (;;) {
        const { value, done } = await reader.next()
        if (done) {
          const { fault } = value
          if (fault !== undefined && fault.kind !== 'torn') onFault(fault)
          fromSegment = fault === undefined ? undefined : await segmentAfter(folder, log, fault)
          break
        }
        for (const frame of value.frames) pairing.take(frame)
        yield* pairing.decided()
        if (pairing.isOver()) return undefined
      }
    } finally {
      await reader.return({ position: undefined, fault: undefined })
    }
  }
  yield* pairing.rest()
  return undefined
}

/** The last segment that began before the time asked for. */
async function firstSegment(
  folder: string,
  log: string,
  from: number | undefined,
): Promise<number | undefined> {
  const segments = await listSegments(folder, log)
  if (from === undefined) return segments[0]
  for (const segment of segments.toReversed()) {
    const begin = await readFirstLine<BeginRecord & { t?: number }>(join(folder, log, segmentName(segment)))
    if (begin?.t !== undefined && begin.t < from) return segment
  }
  return segments[0]
}

async function segmentAfter(folder: string, log: string, { file }: LogFault): Promise<number | undefined> {
  const segments = await listSegments(folder, log)
  return segments.find(segment => join(log, segmentName(segment)) > file)
}

interface Entry {
  readonly issuance: Issuance
  decided: boolean
}

/** Brings intents and their results together, in the order of the intents. */
class Pairing {
  private readonly log: string
  private readonly filter: AuditFilter
  private readonly fits: (intent: IntentRecord) => boolean
  /** Without a result yet, by serial. */
  private readonly open = new Map<string, Entry>()
  private readonly order: Entry[] = []
  private time = 0

  constructor(log: string, filter: AuditFilter, fits: (intent: IntentRecord) => boolean) {
    this.log = log
    this.filter = filter
    this.fits = fits
  }

  take(frame: Frame): void {
    this.time = frame.t
    if (frame.k === 'intent') this.takeIntent(frame)
    else if (frame.k === 'issued' || frame.k === 'failed') this.takeResult(fieldsOf<ResultRecord>(frame))
  }

  private takeIntent(frame: Frame): void {
    const { from = 0, until = Number.POSITIVE_INFINITY } = this.filter
    if (frame.t < from || frame.t > until) return
    const intent = fieldsOf<IntentRecord & { k?: unknown; t?: unknown }>(frame)
    if (!this.fits(intent)) return
    const { k: _, t: time, ...rest } = intent
    const issuance: Issuance = {
      log: this.log,
      time: time as number,
      ...(rest as IntentRecord & { n: number }),
      outcome: 'unknown',
      ac: undefined,
      code: undefined,
    }
    const entry = { issuance, decided: false }
    this.order.push(entry)
    this.open.set(issuance.serial, entry)
  }

  private takeResult(result: ResultRecord): void {
    const entry = this.open.get(result.serial)
    if (entry === undefined) return
    this.open.delete(result.serial)
    entry.decided = true
    if ('ac' in result) Object.assign(entry.issuance, { outcome: 'issued', ac: result.ac })
    else Object.assign(entry.issuance, { outcome: 'failed', code: result.code })
  }

  /** Those whose turn it is: with a result, or for which none will come. */
  *decided(): Generator<Issuance> {
    let count = 0
    for (const { issuance, decided } of this.order) {
      if (!decided && this.time <= issuance.time + RESULT_WAIT_SECONDS) break
      this.open.delete(issuance.serial)
      count++
      yield issuance
    }
    this.order.splice(0, count)
  }

  *rest(): Generator<Issuance> {
    for (const { issuance } of this.order) yield issuance
  }

  /** Whether no later record can matter. */
  isOver(): boolean {
    const { until } = this.filter
    return until !== undefined && this.time > until && this.order.length === 0
  }
}
