import { Refusal } from '../refusal.ts'

/** Work between two yields of the generators of CRL parsing: about one millisecond. */
export const CRL_ENTRIES_PER_STEP = 5_000

/**
 * Longest run of occupied slots that is searched. Below half load a fair hash makes runs of some dozens; only
 * serials chosen to collide reach this, and they must not buy quadratic time.
 */
const MAX_PROBES = 1_024

/**
 * A set of serial numbers that holds no object per entry: an open-addressing table of offsets into `bytes`,
 * which it retains. Serials compare as unsigned content octets without leading zeros.
 */
export class SerialIndex {
  private readonly bytes: Uint8Array
  /** Offset of an INTEGER's tag octet, or 0 for a free slot: no element of a list stands at offset 0. */
  private readonly slots: Uint32Array
  private readonly mask: number

  constructor(bytes: Uint8Array, expected: number) {
    this.bytes = bytes
    this.slots = new Uint32Array(slotCount(expected))
    this.mask = this.slots.length - 1
  }

  /** Adds the INTEGER at this offset of `bytes`; its length must be in short form. */
  add(offset: number): void {
    const end = offset + 2 + this.bytes[offset + 1]!
    const start = withoutZeros(this.bytes, offset + 2, end)
    const slot = this.find(this.bytes, start, end)
    if (slot < 0) throw new Refusal('CRL_SERIALS_COLLIDE', 'serial numbers are not spread', offset)
    this.slots[slot] = offset
  }

  /** Whether a serial with these content octets was added. */
  has(serial: Uint8Array): boolean {
    const slot = this.find(serial, withoutZeros(serial, 0, serial.length), serial.length)
    return slot >= 0 && this.slots[slot] !== 0
  }

  /** The slot that holds this serial, or the free one where it belongs; -1 beyond MAX_PROBES. */
  private find(serial: Uint8Array, start: number, end: number): number {
    let slot = hash(serial, start, end) & this.mask
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const offset = this.slots[slot]!
      if (offset === 0 || this.holds(offset, serial, start, end)) return slot
      slot = (slot + 1) & this.mask
    }
    return -1
  }

  private holds(offset: number, serial: Uint8Array, start: number, end: number): boolean {
    const entryEnd = offset + 2 + this.bytes[offset + 1]!
    let at = withoutZeros(this.bytes, offset + 2, entryEnd)
    if (entryEnd - at !== end - start) return false
    for (let i = start; i < end; i++) if (this.bytes[at++] !== serial[i]) return false
    return true
  }
}

/** Fills an index from the first `count` of `offsets`, yielding every CRL_ENTRIES_PER_STEP. */
export function* fillSerialIndex(
  bytes: Uint8Array,
  offsets: Uint32Array,
  count: number,
): Generator<undefined, SerialIndex, undefined> {
  const index = new SerialIndex(bytes, count)
  for (let i = 0; i < count; i++) {
    if (i % CRL_ENTRIES_PER_STEP === CRL_ENTRIES_PER_STEP - 1) yield
    index.add(offsets[i]!)
  }
  return index
}

/** A power of two that is never more than half full. */
function slotCount(expected: number): number {
  let count = 8
  while (count < expected * 2) count *= 2
  return count
}

function withoutZeros(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at] === 0) at++
  return at
}

/** FNV-1a, then mixed so that the low bits of serials counted upwards differ. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let h = 0x811c9dc5
  for (let at = start; at < end; at++) h = Math.imul(h ^ bytes[at]!, 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
