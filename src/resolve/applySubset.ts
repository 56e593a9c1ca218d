import type { GenericAttribute } from '../../native-free/ac/types.ts'
import { formatFqan } from '../../native-free/fqan/fqan.ts'
import type { SelectedFqan } from './selectFqans.ts'

export interface Subset {
  readonly fqans: readonly SelectedFqan[]
  readonly attributes: readonly GenericAttribute[]
  /** Something was taken away: warning 3. */
  readonly reduced: boolean
}

/**
 * The subset rule: a client whose proxy already carries verified FQANs of this VO gets no others, order kept.
 * Attributes qualified by an FQAN that was taken away go with it. `carried` holds short forms; an empty set
 * means that the client carries none, which restricts nothing.
 */
export function applySubset(
  vo: string,
  fqans: readonly SelectedFqan[],
  attributes: readonly GenericAttribute[],
  carried: ReadonlySet<string>,
): Subset {
  if (carried.size === 0) return { fqans, attributes, reduced: false }
  const kept = fqans.filter(fqan => carried.has(formatFqan(fqan, 'short')))
  if (kept.length === fqans.length) return { fqans, attributes, reduced: false }
  const remaining = new Set(kept.map(fqan => formatFqan(fqan, 'short')))
  return {
    fqans: kept,
    attributes: attributes.filter(({ qualifier }) => qualifier === vo || remaining.has(qualifier)),
    reduced: true,
  }
}
