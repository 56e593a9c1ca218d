import { randomFillSync } from 'node:crypto'
import type { SerialSource } from './types.ts'

const OCTETS = 16
/** A call of the generator costs the same for one serial and for hundreds. */
const drawn = new Uint8Array(256 * OCTETS)
let at = drawn.length

/** The only home of randomness for ACs: 128 bits with the version and variant of UUID v4 (RFC 9562 5.4). */
export const randomSerials: SerialSource = {
  next() {
    if (at === drawn.length) {
      randomFillSync(drawn)
      at = 0
    }
    const octets = drawn.slice(at, at + OCTETS)
    at += OCTETS
    octets[6] = (octets[6]! & 0x0f) | 0x40
    octets[8] = (octets[8]! & 0x3f) | 0x80
    return octets
  },
}
