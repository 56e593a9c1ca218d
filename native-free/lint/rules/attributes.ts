import { DER_OID_FQANS } from '../../ac/oids.ts'
import { TAG } from '../../der/tag.ts'
import { NONE } from '../elements.ts'
import type { LintRule } from '../lintRule.ts'

/** One attribute, the VOMS one, with one IetfAttrSyntax: policyAuthority and values. */
export const attributes: LintRule = {
  name: 'attributes',
  clause: 'RFC 5755 4.2.7, 4.4',
  check(tbs, fields) {
    const attribute = tbs.only(fields.attributes, TAG.sequence)
    if (attribute === NONE) return 'not exactly one attribute'
    if (!tbs.equals(tbs.first(attribute), DER_OID_FQANS)) return 'the attribute is not the VOMS one'
    const { ietfAttrSyntax, policyAuthority, values } = fields
    const right =
      tbs.tag(policyAuthority) === 0xa0 &&
      tbs.tag(values) === TAG.sequence &&
      tbs.next(ietfAttrSyntax, values) === NONE
    return right ? undefined : 'not exactly one value with policyAuthority and values'
  },
}
