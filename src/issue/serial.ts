import { randomFillSync } from 'node:crypto'
import type { SerialSource } from './types.ts'

/** The only home of randomness for ACs: 128 bits with the version and variant of UUID v4 (RFC 9562 5.4). */
export const randomSerials: SerialSource = {
  next() {
    const octets = randomFillSync(new Uint8Array(16))
    octets[6] = (octets[6]! & 0x0f) | 0x40
    octets[8] = (octets[8]! & 0x3f) | 0x80
    return octets
  },
}
