import type { LintRule } from '../lintRule.ts'

export const version: LintRule = {
  name: 'version',
  clause: 'RFC 5755 4.2.1',
  check(tbs, { version: element }) {
    const isV2 = tbs.length(element) === 1 && tbs.bytes[tbs.from(element)] === 1
    return isV2 ? undefined : 'version is not v2'
  },
}
