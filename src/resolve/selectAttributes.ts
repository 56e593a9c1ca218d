import type { GenericAttribute } from '../../native-free/ac/types.ts'
import { formatFqan } from '../../native-free/fqan/fqan.ts'
import { byOctets } from '../../native-free/fqan/issueOrder.ts'
import type { SelectedFqan } from './selectFqans.ts'
import type { DirectoryAttribute, Holding } from './types.ts'

/**
 * The generic attributes that go with the selected FQANs: the member's own, those of every group that he is a
 * plain member of and that is issued, and those of every role that is issued. Ascending by
 * "qualifier::name=value", the member's own counting as without qualifier (so they come last), each once.
 */
export function selectAttributes(
  vo: string,
  attributes: readonly DirectoryAttribute[],
  holdings: readonly Holding[],
  selected: readonly SelectedFqan[],
): readonly GenericAttribute[] {
  if (attributes.length === 0) return []
  const issued = new Set(selected.map(fqan => formatFqan(fqan, 'short')))
  const memberOf = new Set(
    holdings.filter(holding => holding.role === undefined).map(holding => holding.group),
  )
  const chosen = new Map<string, GenericAttribute>()
  for (const attribute of attributes) {
    const scope =
      attribute.scope === 'member'
        ? ''
        : formatFqan({ group: attribute.group ?? '', role: attribute.role }, 'short')
    if (attribute.scope !== 'member' && !issued.has(scope)) continue
    if (attribute.scope === 'group' && !memberOf.has(scope)) continue
    chosen.set(`${scope}::${attribute.name}=${attribute.value}`, {
      name: attribute.name,
      value: attribute.value,
      qualifier: scope === '' ? vo : scope,
    })
  }
  return [...chosen].sort(([a], [b]) => byOctets(a, b)).map(([, attribute]) => attribute)
}
