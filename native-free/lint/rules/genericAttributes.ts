import { TAG } from '../../der/tag.ts'
import { type Elements, NONE } from '../elements.ts'
import type { LintRule } from '../lintRule.ts'

/** When present: one provider, granted by the policyAuthority; at least one attribute, none without name or qualifier. */
export const genericAttributes: LintRule = {
  name: 'generic-attributes',
  clause: 'VOMS profile, full attributes',
  check(tbs, { fullAttributes }, expect) {
    if (fullAttributes === undefined) return undefined
    if (fullAttributes.critical) return 'full attributes are critical'
    const providers = tbs.only(tbs.only(fullAttributes.value, TAG.sequence), TAG.sequence)
    const provider = tbs.only(providers, TAG.sequence)
    const grantor = tbs.first(provider)
    const list = tbs.next(provider, grantor)
    if (provider === NONE || tbs.next(provider, list) !== NONE) return 'not exactly one provider'
    if (tbs.tag(grantor) !== TAG.sequence || !tbs.contentEquals(grantor, expect.authority)) {
      return 'grantor is not the policyAuthority'
    }
    let attribute = tbs.tag(list) === TAG.sequence ? tbs.first(list) : NONE
    if (attribute === NONE) return 'no generic attribute'
    for (; attribute !== NONE; attribute = tbs.next(list, attribute)) {
      if (!isAttribute(tbs, attribute))
        return 'an attribute is not name, value, qualifier with a name and qualifier'
    }
    return undefined
  },
}

function isAttribute(tbs: Elements, attribute: number): boolean {
  const name = tbs.first(attribute)
  const value = tbs.next(attribute, name)
  const qualifier = tbs.next(attribute, value)
  return (
    tbs.tag(attribute) === TAG.sequence &&
    tbs.tag(name) === TAG.octetString &&
    tbs.tag(value) === TAG.octetString &&
    tbs.tag(qualifier) === TAG.octetString &&
    tbs.next(attribute, qualifier) === NONE &&
    tbs.length(name) > 0 &&
    tbs.length(qualifier) > 0
  )
}
