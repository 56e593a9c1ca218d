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
    return startsWith(tbs.bytes, first, end, expect.issuerCertificate)
      ? undefined
      : "certseq does not begin with the AC issuer's certificate"
  },
}

/** Offset of the content of a SEQUENCE that fills bytes[at, end) exactly, or -1. */
function contentOf(tbs: Elements, at: number, end: number): number {
  const { bytes } = tbs
  if (at < 0 || end - at < 2 || bytes[at] !== TAG.sequence) return -1
  let length = bytes[at + 1]!
  let from = at + 2
  if (length >= 0x80) {
    const octets = length & 0x7f
    length = 0
    for (let i = 0; i < octets; i++) length = length * 256 + (bytes[from + i] ?? 0)
    from += octets
  }
  return from + length === end ? from : -1
}

function startsWith(bytes: Uint8Array, from: number, end: number, prefix: Uint8Array): boolean {
  if (end - from < prefix.length) return false
  for (let i = 0; i < prefix.length; i++) if (bytes[from + i] !== prefix[i]) return false
  return true
}
