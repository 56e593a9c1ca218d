import type { DirectoryConfig } from '../config/types.ts'
import type { Queryable } from '../store/database.ts'

/** How many members each VO has, by the view that ACs are resolved through. Throws DatabaseError. */
export async function countHolders(
  db: Queryable,
  { holdingsView }: Pick<DirectoryConfig, 'holdingsView'>,
): Promise<ReadonlyMap<string, number>> {
  const rows = await db.query<{ vo: string; members: number }>(
    `select vo::text as vo, count(distinct member)::int as members from ${holdingsView} group by vo`,
  )
  return new Map(rows.map(({ vo, members }) => [vo, members]))
}
