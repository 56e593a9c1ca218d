import { dnSpellings } from '../../native-free/dn/spellings.ts'
import type { Queryable } from '../store/database.ts'
import {
  type AttributeRow,
  attributesQuery,
  type Found,
  fetchHolder,
  groupsOf,
  type HoldingRow,
  holdingsQuery,
  judgeRows,
  toAttributes,
  type Views,
} from './fetchHolder.ts'
import type { HolderNames } from './types.ts'

// Some hundred members with some hundred groups each; one that joins wrongly is told of by its member alone.
const MAX_ROWS = 100_000

/**
 * What fetchHolder says of each of some hundred certificates, in their order, for two questions in all: for commands
 * that go through a whole VO. Throws DatabaseError.
 */
export async function fetchHolders(
  db: Queryable,
  views: Views,
  vo: string,
  holders: readonly HolderNames[],
  matchSubjectOnly: boolean,
): Promise<Found[]> {
  const spellings = holders.map(({ subject }) => dnSpellings(subject))
  const rows = await db.query<HoldingRow>(holdingsQuery(views, MAX_ROWS + 1), [vo, spellings.flat()])
  if (rows.length > MAX_ROWS) return oneByOne(db, views, vo, holders, matchSubjectOnly)
  const bySubject = Map.groupBy(rows, ({ subject }) => subject)
  const found = holders.map((holder, index) =>
    judgeRows(
      spellings[index]!.flatMap(spelling => bySubject.get(spelling) ?? []),
      holder,
      matchSubjectOnly,
    ),
  )
  const members = found.flatMap(one => (one.kind === 'member' ? [one.member] : []))
  const attributes = await db.query<AttributeRow>(attributesQuery(views, 'several', MAX_ROWS + 1), [
    vo,
    members.map(({ id }) => id),
    groupsOf(members.flatMap(({ holdings }) => holdings)),
  ])
  if (attributes.length > MAX_ROWS) return oneByOne(db, views, vo, holders, matchSubjectOnly)
  const ofMember = Map.groupBy(attributes, ({ scope, member }) => (scope === 'member' ? member : null))
  const ofGroup = Map.groupBy(ofMember.get(null) ?? [], ({ fqgroup }) => fqgroup)
  return found.map(one => {
    if (one.kind !== 'member') return one
    const { id, holdings } = one.member
    const own = [
      ...(ofMember.get(id) ?? []),
      ...groupsOf(holdings).flatMap(group => ofGroup.get(group) ?? []),
    ]
    return { ...one, member: { ...one.member, attributes: toAttributes(own, holdings) } }
  })
}

async function oneByOne(
  db: Queryable,
  views: Views,
  vo: string,
  holders: readonly HolderNames[],
  matchSubjectOnly: boolean,
): Promise<Found[]> {
  const found: Found[] = []
  for (const holder of holders) found.push(await fetchHolder(db, views, vo, holder, matchSubjectOnly))
  return found
}
