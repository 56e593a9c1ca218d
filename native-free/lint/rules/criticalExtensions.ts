import type { LintRule } from '../lintRule.ts'

/** Clients refuse an AC with a critical extension that they do not know; only targetInformation may be one. */
export const criticalExtensions: LintRule = {
  name: 'critical-extensions',
  clause: 'RFC 5755 4.3, 5',
  check(_tbs, { extensionList, targetInformation }) {
    const unknown = extensionList?.some(extension => extension.critical && extension !== targetInformation)
    return unknown ? 'a critical extension besides targetInformation' : undefined
  },
}
