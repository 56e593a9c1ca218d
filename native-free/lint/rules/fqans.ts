import { TAG } from '../../der/tag.ts'
import { NONE } from '../elements.ts'
import { isFqanOf } from '../isFqanOf.ts'
import type { LintRule } from '../lintRule.ts'

/** At least one; each an OCTET STRING with a well-formed FQAN of the VO's own tree. */
export const fqans: LintRule = {
  name: 'fqans',
  clause: 'RFC 5755 4.4, VOMS profile',
  check(tbs, { values }, expect) {
    let value = tbs.first(values)
    if (value === NONE) return 'no FQAN'
    for (; value !== NONE; value = tbs.next(values, value)) {
      if (tbs.tag(value) !== TAG.octetString) return 'a value is not an OCTET STRING'
      if (!isFqanOf(tbs.bytes, tbs.from(value), tbs.to(value), expect.vo))
        return "not an FQAN of the VO's tree"
    }
    return undefined
  },
}
