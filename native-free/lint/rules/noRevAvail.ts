import type { LintRule } from '../lintRule.ts'

const NULL = Uint8Array.of(0x05, 0)

/** Present, NULL, not critical. */
export const noRevAvail: LintRule = {
  name: 'no-rev-avail',
  clause: 'RFC 5755 4.3.6',
  check(tbs, { noRevAvail: extension }) {
    if (extension === undefined) return 'no noRevAvail'
    if (extension.critical) return 'noRevAvail is critical'
    return tbs.contentEquals(extension.value, NULL) ? undefined : 'noRevAvail is not NULL'
  },
}
