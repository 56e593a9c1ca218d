import { formatFqan } from '../../native-free/fqan/fqan.ts'
import { byOctets, issueOrder } from '../../native-free/fqan/issueOrder.ts'
import type { Command, OrderEntry } from '../../native-free/wire/types.ts'
import type { SelectedFqan } from './selectFqans.ts'

export interface OrderedFqans {
  readonly fqans: readonly SelectedFqan[]
  /** Short form of the FQAN that comes first where another was to: warning 1 names it. */
  readonly unwantedFirst: string | undefined
}

/**
 * Puts the FQANs into issued order. The list that comes first is the client's `order` where it gave one, else
 * what its commands name, in command order. The first FQAN issued is the primary one, which services map on.
 */
export function orderFqans(
  selected: readonly SelectedFqan[],
  commands: readonly Command[],
  order: readonly OrderEntry[] | undefined,
): OrderedFqans {
  const byShort = new Map(selected.map(fqan => [formatFqan(fqan, 'short'), fqan]))
  const list =
    order?.map(entry => formatFqan(entry, 'short')) ?? commands.flatMap(command => namedBy(command, byShort))
  const shorts = issueOrder(byShort.keys(), list)
  const wanted = list[0]
  return {
    fqans: shorts.map(short => byShort.get(short)!),
    unwantedFirst: wanted === undefined || wanted === shorts[0] ? undefined : shorts[0],
  }
}

/** Short forms of what a command names; a role alone names it in each group where it was selected. */
function namedBy(command: Command, selected: ReadonlyMap<string, SelectedFqan>): string[] {
  switch (command.kind) {
    case 'group':
      return [command.group]
    case 'groupRole':
      return [formatFqan(command, 'short')]
    case 'role':
      return [...selected.keys()].filter(short => selected.get(short)!.role === command.role).sort(byOctets)
    default:
      return []
  }
}
