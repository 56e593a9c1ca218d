import type { LintRule } from '../lintRule.ts'

export const duplicateExtensions: LintRule = {
  name: 'duplicate-extensions',
  clause: 'RFC 5755 4.1, RFC 5280 4.2',
  check(tbs, { extensionList = [] }) {
    for (let i = 1; i < extensionList.length; i++) {
      const { oid } = extensionList[i]!
      const content = tbs.bytes.subarray(tbs.from(oid), tbs.to(oid))
      for (let j = 0; j < i; j++) {
        if (tbs.contentEquals(extensionList[j]!.oid, content)) return 'an extension occurs twice'
      }
    }
    return undefined
  },
}
