import { bytesToLatin1 } from '../bytes/latin1.ts'
import { type DerReader, enterWhole } from '../der/reader.ts'
import { contextTag, TAG } from '../der/tag.ts'
import { refuseAc } from './acCode.ts'
import { within } from './within.ts'

const TARGET_NAME = contextTag(0, true)
const URI = contextTag(6, false)

/**
 * The targets of a targetInformation extension. Reads the form that VOMS servers write, each Target in one
 * SEQUENCE more, and the one of RFC 5755 4.3.2. Only URIs; refuses the rest with AC_TARGETS, because a target
 * that is not understood must not widen where the AC counts.
 */
export function decodeTargets(value: Uint8Array): readonly string[] {
  const targets: string[] = []
  within('AC_TARGETS', () => {
    const all = enterWhole(value, TAG.sequence)
    while (!all.done) {
      const group = all.enter(TAG.sequence)
      while (!group.done) targets.push(readTarget(group))
    }
  })
  if (targets.length === 0) throw refuseAc('AC_TARGETS', 'targetInformation without a target')
  return targets
}

function readTarget(group: DerReader): string {
  const wrapped = group.optionalEnter(TAG.sequence)
  const name = (wrapped ?? group).enter(TARGET_NAME)
  wrapped?.finish()
  const target = name.next(URI)
  name.finish()
  if (target.some(octet => octet >= 0x80)) throw refuseAc('AC_TARGETS', 'a target is not ASCII')
  return bytesToLatin1(target)
}
