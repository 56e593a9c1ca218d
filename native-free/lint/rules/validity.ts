import { TAG } from '../../der/tag.ts'
import { decodeGeneralizedTime } from '../../der/time.ts'
import { NONE } from '../elements.ts'
import type { LintRule } from '../lintRule.ts'

/** Begins before it ends, within the VO's maximum and the AC issuer's own life. The walk refused fractions. */
export const validity: LintRule = {
  name: 'validity',
  clause: 'RFC 5755 4.2.6, RFC 5280 4.1.2.5.2',
  check(tbs, { validity: element }, expect) {
    const first = tbs.first(element)
    const second = tbs.next(element, first)
    const areTimes = tbs.tag(first) === TAG.generalizedTime && tbs.tag(second) === TAG.generalizedTime
    if (!areTimes || tbs.next(element, second) !== NONE) return 'validity is not two GeneralizedTimes'
    const notBefore = decodeGeneralizedTime(tbs.bytes, tbs.from(first), tbs.to(first))
    const notAfter = decodeGeneralizedTime(tbs.bytes, tbs.from(second), tbs.to(second))
    if (notBefore >= notAfter) return 'notBefore is not before notAfter'
    if (notAfter - notBefore > expect.maxLifetimeSeconds) return "life is above the VO's maximum"
    return notAfter > expect.issuerNotAfter ? "outlives the AC issuer's certificate" : undefined
  },
}
