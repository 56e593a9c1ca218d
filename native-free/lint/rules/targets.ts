import { TAG } from '../../der/tag.ts'
import { type Elements, NONE } from '../elements.ts'
import type { LintRule } from '../lintRule.ts'

/** When present: critical, and each target in the SEQUENCE of its own that clients read. */
export const targets: LintRule = {
  name: 'targets',
  clause: 'RFC 5755 4.3.2, VOMS profile',
  check(tbs, { targetInformation }) {
    if (targetInformation === undefined) return undefined
    if (!targetInformation.critical) return 'targetInformation is not critical'
    const group = tbs.only(tbs.only(targetInformation.value, TAG.sequence), TAG.sequence)
    let target = tbs.first(group)
    if (target === NONE) return 'no target'
    for (; target !== NONE; target = tbs.next(group, target)) {
      const uri = tbs.only(tbs.tag(target) === TAG.sequence ? tbs.only(target, 0xa0) : NONE, 0x86)
      if (uri === NONE || !isVisibleAscii(tbs, uri)) return 'a target is not SEQUENCE { [0] { URI } }'
    }
    return undefined
  },
}

function isVisibleAscii(tbs: Elements, element: number): boolean {
  for (let at = tbs.from(element); at < tbs.to(element); at++) {
    if (tbs.bytes[at]! <= 0x20 || tbs.bytes[at]! >= 0x7f) return false
  }
  return tbs.length(element) > 0
}
