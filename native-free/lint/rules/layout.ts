import { TAG } from '../../der/tag.ts'
import { NONE } from '../elements.ts'
import type { LintRule } from '../lintRule.ts'

/** The eight fields in their order, and extensions as plain SEQUENCEs. issuerUniqueID is never written. */
export const layout: LintRule = {
  name: 'layout',
  clause: 'RFC 5755 4.1',
  check(tbs, fields) {
    const right =
      tbs.tag(0) === TAG.sequence &&
      tbs.tag(fields.version) === TAG.integer &&
      tbs.tag(fields.holder) === TAG.sequence &&
      tbs.tag(fields.issuer) === 0xa0 &&
      tbs.tag(fields.signature) === TAG.sequence &&
      tbs.tag(fields.serialNumber) === TAG.integer &&
      tbs.tag(fields.validity) === TAG.sequence &&
      tbs.tag(fields.attributes) === TAG.sequence &&
      tbs.tag(fields.extensions) === TAG.sequence &&
      fields.beyond === NONE
    if (!right) return 'not the eight fields of AttributeCertificateInfo'
    return fields.extensionList === undefined ? 'an extension is not OID, [TRUE], OCTET STRING' : undefined
  },
}
