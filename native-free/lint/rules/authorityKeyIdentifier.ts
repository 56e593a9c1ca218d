import type { LintRule } from '../lintRule.ts'

/** Present, not critical, keyIdentifier alone: the 20 octets of SHA-1 over the AC issuer's public key. */
export const authorityKeyIdentifier: LintRule = {
  name: 'authority-key-identifier',
  clause: 'RFC 5755 4.3.3, RFC 5280 4.2.1.2 (1)',
  check(tbs, { authorityKeyIdentifier: extension }, expect) {
    if (extension === undefined) return 'no authorityKeyIdentifier'
    if (extension.critical) return 'authorityKeyIdentifier is critical'
    const right = tbs.contentEquals(extension.value, expect.keyIdentifier)
    return right ? undefined : "authorityKeyIdentifier is not SHA-1 of the AC issuer's key alone"
  },
}
