import type { LintRule } from '../lintRule.ts'

/** One URI, VO://HOST:PORT, as configured: clients find the LSC file by it. */
export const policyAuthority: LintRule = {
  name: 'policy-authority',
  clause: 'RFC 5755 4.4, VOMS profile',
  check(tbs, fields, expect) {
    const right = tbs.contentEquals(fields.policyAuthority, expect.authority)
    return right ? undefined : 'policyAuthority is not VO://HOST:PORT alone'
  },
}
