import type { Queryable } from '../store/database.ts'

/** Ends the mirroring of a VO: it is administered here from now on. Answers from where it was followed. */
export async function endFollow(tx: Queryable, vo: string): Promise<string | undefined> {
  const [row] = await tx.query<{ id: string; source: string | null }>(
    'select id, followed_from as source from vouchd.vo where name = $1 for update',
    [vo],
  )
  if (row?.source == null) return undefined
  await tx.query('update vouchd.vo set followed_from = null where id = $1', [row.id])
  await tx.query('delete from vouchd.follow_state where vo_id = $1', [row.id])
  return row.source
}
