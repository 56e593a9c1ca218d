import { isWithinVo } from '../../native-free/fqan/isWithinVo.ts'
import type { Database, Queryable } from '../store/database.ts'
import { AdminError, shown } from './AdminError.ts'
import { type Author, changeVo } from './changeVo.ts'
import { moveGroups } from './moveGroups.ts'
import { checkGroupPath, checkText } from './nameRules.ts'

export interface GroupSummary {
  readonly path: string
  readonly optional: boolean
  readonly description: string | undefined
  /** Plain members. */
  readonly members: number
  /** Roles held in it, each by each member. */
  readonly roleHoldings: number
  readonly attributes: number
}

/** A group with who is in it. */
export interface GroupDetails extends GroupSummary {
  readonly holders: readonly GroupHolder[]
}

export interface GroupHolder {
  readonly member: string
  readonly name: string | undefined
  readonly subject: string | undefined
  readonly role: string | undefined
  readonly suspended: boolean
  readonly endsAt: Date | undefined
}

/** The groups of one VO, or of all, by path. */
export async function listGroups(
  db: Queryable,
  wanted: { readonly vo?: string; readonly path?: string } = {},
): Promise<GroupSummary[]> {
  const rows = await db.query(
    `select g.path, g.optional, g.description,
       (select count(*)::int from vouchd.holding h where h.group_id = g.id and h.role_id is null) as members,
       (select count(*)::int from vouchd.holding h where h.group_id = g.id and h.role_id is not null) as role_holdings,
       (select count(*)::int from vouchd.group_attribute a where a.group_id = g.id)
         + (select count(*)::int from vouchd.role_attribute a where a.group_id = g.id) as attributes
     from vouchd.vo_group g join vouchd.vo v on v.id = g.vo_id
     where ($1::text is null or v.name = $1) and ($2::text is null or g.path = $2)
     order by g.path collate "C"`,
    [wanted.vo ?? null, wanted.path ?? null],
  )
  return rows.map(row => ({
    path: row['path'] as string,
    optional: row['optional'] as boolean,
    description: (row['description'] as string | null) ?? undefined,
    members: row['members'] as number,
    roleHoldings: row['role_holdings'] as number,
    attributes: row['attributes'] as number,
  }))
}

/** One group and the first `limit` who hold something in it. Throws AdminError ADMIN_NOT_FOUND. */
export async function showGroup(db: Queryable, path: string, limit: number): Promise<GroupDetails> {
  const [group] = await listGroups(db, { path })
  if (group === undefined) throw noSuchGroup(path)
  const rows = await db.query(
    `select m.id, concat_ws(' ', m.given_name, m.surname) as name, r.name as role, m.suspended, h.ends_at,
       (select c.subject from vouchd.certificate c where c.member_id = m.id order by c.id limit 1) as subject
     from vouchd.holding h
     join vouchd.vo_group g on g.id = h.group_id
     join vouchd.member m on m.id = h.member_id
     left join vouchd.role r on r.id = h.role_id
     where g.path = $1 order by r.name collate "C" nulls first, m.id limit $2`,
    [path, limit],
  )
  const holders = rows.map(row => ({
    member: row['id'] as string,
    name: (row['name'] as string) || undefined,
    subject: (row['subject'] as string | null) ?? undefined,
    role: (row['role'] as string | null) ?? undefined,
    suspended: row['suspended'] as boolean,
    endsAt: (row['ends_at'] as Date | null) ?? undefined,
  }))
  return { ...group, holders }
}

export function noSuchGroup(path: string): AdminError {
  return new AdminError(
    'ADMIN_NOT_FOUND',
    `there is no group ${shown(path)}`,
    'vouchd group list prints them; vouchd group add makes one',
  )
}

/** The VO that a path says: its first element. */
export function voOfPath(path: string): string {
  const name = /^\/([^/]+)/.exec(path)?.[1]
  if (name !== undefined) return name
  throw new AdminError('ADMIN_VALUE', `"${shown(path)}" is no path of a group`, 'write /VO/GROUP')
}

export interface NewGroup {
  readonly path: string
  readonly optional?: boolean
  readonly description?: string
  /** Make the groups above it, too, where they are missing. */
  readonly parents?: boolean
}

/** Makes a group; what was made, parents first. */
export async function addGroup(
  db: Database,
  author: Author,
  group: NewGroup,
): Promise<{ readonly added: readonly string[] }> {
  const { path, optional = false, description, parents = false } = group
  checkGroupPath(path)
  if (description) checkText('the description', description)
  return changeVo(db, author, voOfPath(path), async (tx, vo) => {
    const missing = await missingGroups(tx, vo.id, path)
    if (missing.length === 0) throw groupExists(path)
    const above = missing.slice(0, -1)
    if (above.length > 0 && !parents) {
      throw new AdminError(
        'ADMIN_NOT_FOUND',
        `there is no group ${above.at(-1)} above ${path}`,
        'make it first, or say --parents',
      )
    }
    for (const one of above) {
      await tx.query('insert into vouchd.vo_group (vo_id, path) values ($1, $2)', [vo.id, one])
    }
    await tx.query(
      'insert into vouchd.vo_group (vo_id, path, optional, description) values ($1, $2, $3, $4)',
      [vo.id, path, optional, description || null],
    )
    return { added: missing }
  })
}

/** Those of the group and the groups above it that are not there, from the top. */
async function missingGroups(tx: Queryable, voId: string, path: string): Promise<string[]> {
  const paths = pathsTo(path)
  const rows = await tx.query<{ path: string }>(
    'select path from vouchd.vo_group where vo_id = $1 and path = any($2::text[])',
    [voId, paths],
  )
  const there = new Set(rows.map(row => row.path))
  return paths.filter(one => !there.has(one))
}

/** '/a/b/c' as '/a', '/a/b', '/a/b/c'. */
export function pathsTo(path: string): string[] {
  const elements = path.slice(1).split('/')
  return elements.map((_, index) => `/${elements.slice(0, index + 1).join('/')}`)
}

function groupExists(path: string): AdminError {
  return new AdminError('ADMIN_EXISTS', `there is a group ${path} already`, 'vouchd group set changes it')
}

export interface GroupChanges {
  readonly optional?: boolean
  /** Empty: none. */
  readonly description?: string
}

/** Changes what a group is, not what it is called. */
export async function setGroup(
  db: Database,
  author: Author,
  path: string,
  changes: GroupChanges,
): Promise<{ readonly group: string; readonly changed: readonly string[] }> {
  if (changes.description) checkText('the description', changes.description)
  return changeVo(db, author, voOfPath(path), async (tx, vo) => {
    const { id, ...before } = await requireGroup(tx, vo.id, path)
    const after = {
      optional: changes.optional ?? before.optional,
      description: changes.description === undefined ? before.description : changes.description || undefined,
    }
    const changed = (['optional', 'description'] as const).filter(key => after[key] !== before[key])
    if (changed.length > 0) {
      await tx.query('update vouchd.vo_group set optional = $2, description = $3 where id = $1', [
        id,
        after.optional,
        after.description ?? null,
      ])
    }
    return { group: path, changed }
  })
}

async function requireGroup(tx: Queryable, voId: string, path: string) {
  const [row] = await tx.query<{ id: string; optional: boolean; description: string | null }>(
    'select id, optional, description from vouchd.vo_group where vo_id = $1 and path = $2',
    [voId, path],
  )
  if (row === undefined) throw noSuchGroup(path)
  return { id: row.id, optional: row.optional, description: row.description ?? undefined }
}

/** Renames or moves a group with all below it, within its VO. */
export async function renameGroup(
  db: Database,
  author: Author,
  from: string,
  to: string,
): Promise<{ readonly group: string; readonly from: string; readonly groups: number }> {
  const name = voOfPath(from)
  checkGroupPath(to)
  if (from === `/${name}`) throw isRoot(from, 'vouchd vo rename renames it with its VO')
  if (!isWithinVo(to, name) || to === `/${name}`) {
    throw new AdminError(
      'ADMIN_VALUE',
      `${shown(to)} lies outside VO ${shown(name)}`,
      `write a path below /${shown(name)}`,
    )
  }
  if (to === from || to.startsWith(`${from}/`)) {
    throw new AdminError('ADMIN_VALUE', `a group cannot move below itself`, 'choose another path')
  }
  return changeVo(db, author, name, async (tx, vo) => {
    await requireGroup(tx, vo.id, from)
    const missing = await missingGroups(tx, vo.id, to)
    if (missing.length === 0) throw groupExists(to)
    if (missing.length > 1) {
      throw new AdminError(
        'ADMIN_NOT_FOUND',
        `there is no group ${missing.at(-2)} above ${to}`,
        'make it first: vouchd group add',
      )
    }
    return { group: to, from, groups: await moveGroups(tx, vo.id, from, to) }
  })
}

function isRoot(path: string, advice: string): AdminError {
  return new AdminError('ADMIN_STATE', `${path} is the root group of its VO`, advice)
}

export interface GroupGone {
  /** Groups below it. */
  readonly subgroups: number
  /** Memberships and roles that end. */
  readonly holdings: number
  readonly attributes: number
}

/** Removes a group with all below it. */
export async function removeGroup(
  db: Database,
  author: Author,
  path: string,
): Promise<{ readonly group: string; readonly gone: GroupGone }> {
  const name = voOfPath(path)
  if (path === `/${name}`) throw isRoot(path, 'vouchd vo remove removes it with its VO')
  return changeVo(db, author, name, async (tx, vo) => {
    const { id } = await requireGroup(tx, vo.id, path)
    const [gone] = await tx.query<{ subgroups: number; holdings: number; attributes: number }>(
      `with gone as (
         select id from vouchd.vo_group where vo_id = $1 and (path = $2 or starts_with(path, $2 || '/')))
       select (select count(*)::int - 1 from gone) as subgroups,
              (select count(*)::int from vouchd.holding where group_id in (select id from gone)) as holdings,
              (select count(*)::int from vouchd.group_attribute where group_id in (select id from gone))
                + (select count(*)::int from vouchd.role_attribute where group_id in (select id from gone))
                as attributes`,
      [vo.id, path],
    )
    await tx.query('delete from vouchd.vo_group where id = $1', [id])
    return { group: path, gone: gone! }
  })
}
