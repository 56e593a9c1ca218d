import { TAG } from '../../der/tag.ts'
import { NONE } from '../elements.ts'
import type { LintRule } from '../lintRule.ts'

/** baseCertificateID alone: one directoryName that is not empty, and the serial. */
export const holder: LintRule = {
  name: 'holder',
  clause: 'RFC 5755 4.2.2',
  check(tbs, { holder: element }) {
    const base = tbs.only(element, 0xa0)
    const names = tbs.first(base)
    const serial = tbs.next(base, names)
    const name = tbs.only(tbs.only(names, 0xa4), TAG.sequence)
    if (tbs.tag(names) !== TAG.sequence || name === NONE) return 'holder is not one directoryName'
    if (tbs.first(name) === NONE) return "the holder's name is empty"
    if (tbs.tag(serial) !== TAG.integer) return 'holder has no serial'
    return tbs.next(base, serial) === NONE ? undefined : 'holder has more than issuer and serial'
  },
}
