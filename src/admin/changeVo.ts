import type { Database, Queryable } from '../store/database.ts'
import { AdminError, shown } from './AdminError.ts'

/** Who changes something, and why; the audit table has both with every row that is changed. */
export interface Author {
  readonly actor: string
  readonly reason?: string
  /** Do everything, say what came of it, and undo it. */
  readonly dryRun?: boolean
}

export interface Vo {
  readonly id: string
  readonly name: string
  readonly enforceEndDates: boolean
  readonly resolution: string
  readonly followedFrom: string | undefined
}

/** Does `work` in one transaction in somebody's name. Throws what `work` throws, and DatabaseError. */
export async function change<T>(
  db: Database,
  author: Author,
  work: (tx: Queryable) => Promise<T>,
): Promise<T> {
  let result: { readonly value: T } | undefined
  try {
    await db.transaction(async tx => {
      await tx.query(`select set_config('vouchd.actor', $1, true), set_config('vouchd.reason', $2, true)`, [
        author.actor,
        author.reason ?? '',
      ])
      result = { value: await work(tx) }
      if (author.dryRun) throw new DryRunDone()
    })
  } catch (thrown) {
    if (!(thrown instanceof DryRunDone)) throw thrown
  }
  return result!.value
}

/** Rolls a dry run back. */
class DryRunDone extends Error {}

/** The same within one VO, which nobody else administers meanwhile. Refuses a VO that is followed. */
export function changeVo<T>(
  db: Database,
  author: Author,
  name: string,
  work: (tx: Queryable, vo: Vo) => Promise<T>,
): Promise<T> {
  return change(db, author, async tx => {
    const vo = await lockVo(tx, name)
    refuseFollowed(vo)
    return work(tx, vo)
  })
}

/** The VO, locked until the transaction ends. Throws AdminError ADMIN_NOT_FOUND. */
async function lockVo(tx: Queryable, name: string): Promise<Vo> {
  const [row] = await tx.query(
    `select id, name, enforce_end_dates, resolution, followed_from from vouchd.vo where name = $1
     for no key update`,
    [name],
  )
  if (row === undefined) throw await noSuchVo(tx, name)
  return {
    id: row['id'] as string,
    name: row['name'] as string,
    enforceEndDates: row['enforce_end_dates'] as boolean,
    resolution: row['resolution'] as string,
    followedFrom: (row['followed_from'] as string | null) ?? undefined,
  }
}

const NAMED_VOS = 20

export async function noSuchVo(db: Queryable, name: string): Promise<AdminError> {
  const rows = await db.query<{ name: string }>(
    `select name from vouchd.vo order by name collate "C" limit ${NAMED_VOS}`,
  )
  const advice = rows.length === 0 ? '' : `there are: ${rows.map(row => row.name).join(', ')}; or `
  return new AdminError(
    'ADMIN_NOT_FOUND',
    `there is no VO ${shown(name)} in the database`,
    `${advice}make it: vouchd vo add ${shown(name)}`,
  )
}

function refuseFollowed(vo: Vo): void {
  if (vo.followedFrom === undefined) return
  throw new AdminError(
    'ADMIN_FOLLOWED',
    `VO ${vo.name} is followed from ${shown(vo.followedFrom)}: what is changed here would be overwritten from there`,
    `change it there, or end the following for good: vouchd import end-follow --vo ${vo.name}`,
  )
}
