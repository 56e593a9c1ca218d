import { MAX_CERTIFICATES } from '../../ac/decodeAc.ts'
import { TAG } from '../../der/tag.ts'
import type { Elements } from '../elements.ts'
import type { LintRule } from '../lintRule.ts'

/** Present, not critical, SEQUENCE { SEQUENCE OF Certificate }, the AC issuer's certificate first. */
export const certseq: LintRule = {
  name: 'certseq',
  clause: 'VOMS profile, certificate sequence',
  check(tbs, { certseq: extension }, expect) {
    if (extension === undefined) return 'no certseq'
    if (extension.critical) return 'certseq is critical'
    const end = tbs.to(extension.value)
    const list = contentOf(tbs, tbs.from(extension.value), end)
    const first = contentOf(tbs, list, end)
    if (list < 0 || first < 0) return 'certseq is not SEQUENCE { SEQUENCE OF Certificate }'
    if (!startsWith(tbs.bytes, first, end, expect.issuerCertificate)) {
      return "certseq does not begin with the AC issuer's certificate"
    }
    const further = first + expect.issuerCertificate.length
    const count = 1 + countSequences(tbs.bytes, further, end)
    if (count === 0) return 'certseq holds what is no certificate'
    return count > MAX_CERTIFICATES ? `certseq holds more than ${MAX_CERTIFICATES} certificates` : undefined
  },
}

/** Offset of the content of a SEQUENCE that fills bytes[at, end) exactly, or -1. */
function contentOf(tbs: Elements, at: number, end: number): number {
  const { bytes } = tbs
  if (at < 0) return -1
  const { from, to } = readSequence(bytes, at, end)
  return to === end ? from : -1
}

/** How many SEQUENCEs bytes[from, end) are, one after another; -1 when they are something else. */
function countSequences(bytes: Uint8Array, from: number, end: number): number {
  let count = 0
  let at = from
  for (; at < end && at >= 0; count++) at = readSequence(bytes, at, end).to
  return at === end ? count : -1
}

const NO_SEQUENCE = { from: -1, to: -1 }

/** The content of the SEQUENCE at `at`, which may lie beyond the end; NO_SEQUENCE when there is none, or not in DER. */
function readSequence(bytes: Uint8Array, at: number, end: number): { from: number; to: number } {
  if (end - at < 2 || bytes[at] !== TAG.sequence) return NO_SEQUENCE
  let length = bytes[at + 1]!
  let from = at + 2
  if (length >= 0x80) {
    const octets = length & 0x7f
    length = 0
    for (let i = 0; i < octets; i++) length = length * 256 + (bytes[from + i] ?? 0)
    // The walk does not look into an OCTET STRING, so that a length written with more octets than it needs ends here.
    if (bytes[from] === 0 || length < 0x80) return NO_SEQUENCE
    from += octets
  }
  return { from, to: from + length }
}

function startsWith(bytes: Uint8Array, from: number, end: number, prefix: Uint8Array): boolean {
  if (end - from < prefix.length) return false
  for (let i = 0; i < prefix.length; i++) if (bytes[from + i] !== prefix[i]) return false
  return true
}
