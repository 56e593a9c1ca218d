import type { Found } from './fetchHolder.ts'
import type { Lookup } from './types.ts'

/** The end of a membership is judged at each request, so that a cached one ends on time. */
export function judgeEnd(found: Found, now: number): Lookup {
  if (found.kind !== 'member') return found
  const { member, endsAt } = found
  if (endsAt === undefined || endsAt > now) return { kind: 'member', member }
  return { kind: 'suspended', memberId: member.id, reason: 'membership expired' }
}
