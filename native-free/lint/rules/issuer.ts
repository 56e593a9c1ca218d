import type { LintRule } from '../lintRule.ts'

/** v2Form with the AC issuer's subject, byte for byte, and nothing else. */
export const issuer: LintRule = {
  name: 'issuer',
  clause: 'RFC 5755 4.2.3',
  check(tbs, fields, expect) {
    return tbs.equals(fields.issuer, expect.issuer)
      ? undefined
      : "issuer is not the AC issuer's subject alone"
  },
}
