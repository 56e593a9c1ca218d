import type { Database, Queryable } from '../store/database.ts'
import { AdminError } from './AdminError.ts'
import { type Author, change, changeVo, noSuchVo } from './changeVo.ts'
import { moveGroups } from './moveGroups.ts'
import { checkText, checkVoName } from './nameRules.ts'

/** A VO and how much it holds. */
export interface VoSummary {
  readonly name: string
  readonly description: string | undefined
  readonly enforceEndDates: boolean
  readonly resolution: 'vomsd' | 'iam'
  readonly followedFrom: string | undefined
  readonly createdAt: Date
  readonly holds: VoCounts
}

export interface VoCounts {
  readonly members: number
  readonly suspendedMembers: number
  readonly certificates: number
  readonly groups: number
  readonly roles: number
  readonly holdings: number
  readonly attributes: number
}

/** Every VO of the database by name. */
export async function listVos(db: Queryable, name?: string): Promise<VoSummary[]> {
  const rows = await db.query(
    `select v.*,
       (select count(*)::int from vouchd.member where vo_id = v.id) as members,
       (select count(*)::int from vouchd.member where vo_id = v.id and suspended) as suspended_members,
       (select count(*)::int from vouchd.certificate where vo_id = v.id) as certificates,
       (select count(*)::int from vouchd.vo_group where vo_id = v.id) as groups,
       (select count(*)::int from vouchd.role where vo_id = v.id) as roles,
       (select count(*)::int from vouchd.holding where vo_id = v.id) as holdings,
       (select count(*)::int from vouchd.member_attribute where vo_id = v.id)
         + (select count(*)::int from vouchd.group_attribute where vo_id = v.id)
         + (select count(*)::int from vouchd.role_attribute where vo_id = v.id) as attributes
     from vouchd.vo v where $1::text is null or v.name = $1 order by v.name collate "C"`,
    [name ?? null],
  )
  return rows.map(row => ({
    name: row['name'] as string,
    description: (row['description'] as string | null) ?? undefined,
    enforceEndDates: row['enforce_end_dates'] as boolean,
    resolution: row['resolution'] as VoSummary['resolution'],
    followedFrom: (row['followed_from'] as string | null) ?? undefined,
    createdAt: row['created_at'] as Date,
    holds: {
      members: row['members'] as number,
      suspendedMembers: row['suspended_members'] as number,
      certificates: row['certificates'] as number,
      groups: row['groups'] as number,
      roles: row['roles'] as number,
      holdings: row['holdings'] as number,
      attributes: row['attributes'] as number,
    },
  }))
}

/** One VO. Throws AdminError ADMIN_NOT_FOUND. */
export async function showVo(db: Queryable, name: string): Promise<VoSummary> {
  const [vo] = await listVos(db, name)
  if (vo === undefined) throw await noSuchVo(db, name)
  return vo
}

export interface NewVo {
  readonly name: string
  readonly description?: string
  readonly enforceEndDates?: boolean
  readonly resolution?: 'vomsd' | 'iam'
}

/** Makes a VO with its root group. */
export async function addVo(db: Database, author: Author, vo: NewVo): Promise<{ readonly vo: string }> {
  const { name, description, enforceEndDates = true, resolution = 'vomsd' } = vo
  checkVoName(name)
  if (description !== undefined) checkText('the description', description)
  return change(db, author, async tx => {
    const [made] = await tx.query<{ id: string }>(
      `insert into vouchd.vo (name, description, enforce_end_dates, resolution) values ($1, $2, $3, $4)
       on conflict (name) do nothing returning id`,
      [name, description || null, enforceEndDates, resolution],
    )
    if (made === undefined) throw voExists(name)
    await tx.query(`insert into vouchd.vo_group (vo_id, path) values ($1, $2)`, [made.id, `/${name}`])
    return { vo: name }
  })
}

function voExists(name: string): AdminError {
  return new AdminError(
    'ADMIN_EXISTS',
    `there is a VO ${name} already`,
    'vouchd vo show tells what it holds; vouchd vo set changes it',
  )
}

export interface VoChanges {
  /** Empty: none. */
  readonly description?: string
  readonly enforceEndDates?: boolean
  readonly resolution?: 'vomsd' | 'iam'
}

export interface VoChanged {
  readonly vo: string
  readonly changed: readonly string[]
  /** Members whose end is past, where ends are enforced. */
  readonly refusedMembers: number
}

/** Changes settings of a VO. */
export async function setVo(
  db: Database,
  author: Author,
  name: string,
  changes: VoChanges,
): Promise<VoChanged> {
  if (changes.description) checkText('the description', changes.description)
  return changeVo(db, author, name, async (tx, vo) => {
    const before = (await listVos(tx, name))[0]!
    const after = {
      description: changes.description === undefined ? before.description : changes.description || undefined,
      enforceEndDates: changes.enforceEndDates ?? before.enforceEndDates,
      resolution: changes.resolution ?? before.resolution,
    }
    const changed = (Object.keys(after) as (keyof typeof after)[]).filter(key => after[key] !== before[key])
    if (changed.length > 0) {
      await tx.query(
        'update vouchd.vo set description = $2, enforce_end_dates = $3, resolution = $4 where id = $1',
        [vo.id, after.description ?? null, after.enforceEndDates, after.resolution],
      )
    }
    const refusedMembers = after.enforceEndDates ? await countEnded(tx, vo.id) : 0
    return { vo: name, changed, refusedMembers }
  })
}

async function countEnded(tx: Queryable, voId: string): Promise<number> {
  const [row] = await tx.query<{ count: number }>(
    'select count(*)::int as count from vouchd.member where vo_id = $1 and ends_at <= now()',
    [voId],
  )
  return row?.count ?? 0
}

/** Renames a VO with its groups: every FQAN of it becomes another one. */
export async function renameVo(
  db: Database,
  author: Author,
  from: string,
  to: string,
): Promise<{ readonly vo: string; readonly from: string; readonly groups: number }> {
  checkVoName(to)
  return changeVo(db, author, from, async (tx, vo) => {
    const [taken] = await tx.query('select from vouchd.vo where name = $1', [to])
    if (taken !== undefined) throw voExists(to)
    await tx.query('update vouchd.vo set name = $2 where id = $1', [vo.id, to])
    return { vo: to, from, groups: await moveGroups(tx, vo.id, `/${from}`, `/${to}`) }
  })
}

/** Removes a VO with all that it holds. */
export async function removeVo(
  db: Database,
  author: Author,
  name: string,
): Promise<{ readonly vo: string; readonly gone: VoCounts }> {
  return changeVo(db, author, name, async (tx, vo) => {
    const { holds } = (await listVos(tx, name))[0]!
    await tx.query('delete from vouchd.vo where id = $1', [vo.id])
    return { vo: name, gone: holds }
  })
}
