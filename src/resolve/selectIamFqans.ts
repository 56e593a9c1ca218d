import { formatFqan } from '../../native-free/fqan/fqan.ts'
import { byOctets } from '../../native-free/fqan/issueOrder.ts'
import type { Command } from '../../native-free/wire/types.ts'
import type { SelectedFqan, Selection } from './selectFqans.ts'
import type { Holding } from './types.ts'

/**
 * As selectFqans(), by the rules of INDIGO IAM's voms-aa, and in issued order: what is asked for, in that order,
 * then all groups that are not optional, by name. Roles only when asked for; what is not held fails the request,
 * and so does "all", which voms-aa does not know. A role without a group is that role wherever it is held.
 */
export function selectIamFqans(holdings: readonly Holding[], commands: readonly Command[]): Selection {
  const sorted = holdings.toSorted((a, b) => byOctets(formatFqan(a, 'short'), formatFqan(b, 'short')))
  const selected = new Map<string, SelectedFqan>()
  const add = ({ group, role }: Holding, because: SelectedFqan['because']) => {
    const key = formatFqan({ group, role }, 'short')
    if (!selected.has(key)) selected.set(key, { group, role, because })
  }
  for (const command of commands) {
    const found = sorted.filter(holding => isMeant(holding, command))
    if (found.length === 0) return { satisfied: false, command }
    for (const holding of found) {
      add(holding, command.kind === 'role' ? 'role requested' : 'requested')
    }
  }
  for (const holding of sorted) {
    if (holding.role === undefined && !holding.optional) {
      add(holding, 'every group that is not optional is issued')
    }
  }
  return { satisfied: true, fqans: [...selected.values()] }
}

function isMeant({ group, role, optional }: Holding, command: Command): boolean {
  switch (command.kind) {
    case 'group':
      return group === command.group && role === undefined
    case 'groupRole':
      return group === command.group && role === command.role
    case 'role':
      return role === command.role
    case 'list':
      return !optional
    default:
      return false
  }
}
