import type { Clock } from '../../src/clock.ts'
import type { Grant, SerialSource } from '../../src/issue/types.ts'
import { nameDer } from '../pki/distinguishedName.ts'
import { seconds } from '../pki/moment.ts'

/** 2026-10-05T12:00:00Z */
export const NOW = seconds('2026-10-05T12:00:00Z')
export const fixedClock: Clock = { now: () => NOW }

/** The same serial each time: 0xF0 0x01 ... with the bits of UUID v4. */
export const fixedSerials: SerialSource = {
  next: () =>
    Uint8Array.from({ length: 16 }, (_, i) => (i === 0 ? 0xf0 : i === 6 ? 0x46 : i === 8 ? 0x88 : i)),
}

/** test0 of vo.0 asking for plain membership, for a test to override. */
export function grantOf(overrides: Partial<Grant> = {}): Grant {
  return {
    holder: {
      subject: nameDer('/C=IT/O=IGI/CN=test0'),
      issuer: nameDer('/C=IT/O=IGI/CN=Test CA'),
      serial: Uint8Array.of(0x10, 0x03),
    },
    fqans: ['/vo.0/Role=NULL/Capability=NULL', '/vo.0/G1/Role=NULL/Capability=NULL'],
    attributes: [],
    targets: [],
    lifetimeSeconds: 43_200,
    ...overrides,
  }
}
