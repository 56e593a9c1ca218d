import type { Queryable } from '../store/database.ts'
import { ImportError } from './ImportError.ts'

/**
 * Throws ImportError IMPORT_FOLLOWED where the VO is mirrored from another server: what is changed here would be
 * undone by the next look at that. To be called in the transaction that changes the VO.
 */
export async function assertNotFollowed(tx: Queryable, vo: string): Promise<void> {
  const [row] = await tx.query<{ source: string | null }>(
    'select followed_from as source from vouchd.vo where name = $1 for share',
    [vo],
  )
  if (row?.source == null) return
  throw new ImportError(
    'IMPORT_FOLLOWED',
    `VO ${vo} is followed from ${row.source}: change it there, or end that (vouchd import end-follow --vo ${vo})`,
  )
}

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
