import type { LintRule } from '../lintRule.ts'

/** The algorithm that the AC issuer's key will sign with; RSA with NULL parameters. */
export const signatureAlgorithm: LintRule = {
  name: 'signature-algorithm',
  clause: 'RFC 5755 4.2.4, RFC 4055 5',
  check(tbs, { signature }, expect) {
    return tbs.equals(signature, expect.algorithm)
      ? undefined
      : 'signature is not the expected AlgorithmIdentifier'
  },
}
