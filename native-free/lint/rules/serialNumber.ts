import type { LintRule } from '../lintRule.ts'

const MAX_OCTETS = 20
/** 64 bits, as CAs have to use. */
const MIN_RANDOM_OCTETS = 8

/** Positive, at most 20 octets, and long enough to hold 64 random bits. */
export const serialNumber: LintRule = {
  name: 'serial-number',
  clause: 'RFC 5755 4.2.5',
  check(tbs, { serialNumber: element }) {
    const first = tbs.bytes[tbs.from(element)]!
    const octets = tbs.length(element)
    if (first >= 0x80) return 'serial is negative'
    if (octets > MAX_OCTETS) return 'serial has more than 20 octets'
    return octets - (first === 0 ? 1 : 0) < MIN_RANDOM_OCTETS ? 'serial has less than 64 bits' : undefined
  },
}
