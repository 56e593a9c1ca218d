import { type Fqan, formatFqan } from '../../native-free/fqan/fqan.ts'
import { isWithinVo } from '../../native-free/fqan/isWithinVo.ts'
import type { Command } from '../../native-free/wire/types.ts'
import type { Holding, Member } from './types.ts'

/** One FQAN of a grant, in short form, and why it is in it (for `vouchd explain`). */
export interface SelectedFqan extends Fqan {
  readonly because:
    | 'requested'
    | 'role requested'
    | 'all requested'
    | 'every group is issued'
    | 'every group that is not optional is issued'
}

/** What the commands of a request select, or the first command that cannot be satisfied. */
export type Selection =
  | { readonly satisfied: true; readonly fqans: readonly SelectedFqan[] }
  | { readonly satisfied: false; readonly command: Command }

// What the lint lets into an AC: visible ASCII, `/` between names, `=` nowhere.
const GROUP = /^(?:\/[!-.0-<>-~]+)+$/
const ROLE = /^[!-.0-<>-~]+$/

/**
 * The holdings that count at `now`: neither ended, nor outside the VO's own tree, nor of a name that no AC can
 * carry. One such name in the database costs its holder that FQAN and nothing else.
 */
export function activeHoldings(member: Member, vo: string, now: number): readonly Holding[] {
  return member.holdings.filter(
    ({ group, role, endsAt }) =>
      (endsAt === undefined || endsAt > now) &&
      isWithinVo(group, vo) &&
      GROUP.test(group) &&
      (role === undefined || ROLE.test(role)),
  )
}

/**
 * Executes the commands of a request over what a member holds: every command's result is merged, the first
 * that cannot be satisfied fails the whole request. A member's groups are always all issued, roles only when
 * asked for, and an optional group only when named. FQANs come out once each, in no particular order.
 */
export function selectFqans(holdings: readonly Holding[], commands: readonly Command[]): Selection {
  const selected = new Map<string, SelectedFqan>()
  const add = (holding: Holding, role: string | undefined, because: SelectedFqan['because']) => {
    const fqan = { group: holding.group, role, because }
    const key = formatFqan(fqan, 'short')
    // A named FQAN keeps the reason "requested" even where another command would bring it along.
    if (!selected.has(key) || because === 'requested') selected.set(key, fqan)
  }
  for (const command of commands) {
    switch (command.kind) {
      case 'group': {
        const held = holdings.find(holding => holding.group === command.group)
        if (held === undefined) return { satisfied: false, command }
        add(held, undefined, 'requested')
        break
      }
      case 'groupRole': {
        const held = holdings.find(
          holding => holding.group === command.group && holding.role === command.role,
        )
        if (held === undefined) return { satisfied: false, command }
        add(held, held.role, 'requested')
        break
      }
      case 'role': {
        const held = holdings.filter(holding => holding.role === command.role)
        if (held.length === 0) return { satisfied: false, command }
        for (const holding of held) add(holding, holding.role, 'role requested')
        break
      }
      case 'all':
      case 'list':
        for (const holding of holdings) {
          if (!holding.optional) add(holding, holding.role, 'all requested')
        }
        break
      case 'unsatisfiable':
        return { satisfied: false, command }
    }
    for (const holding of holdings) {
      if (!holding.optional) add(holding, undefined, 'every group is issued')
    }
    if (selected.size === 0) return { satisfied: false, command }
  }
  return { satisfied: true, fqans: [...selected.values()] }
}
