import type { Database, Queryable } from '../store/database.ts'
import { AdminError, shown } from './AdminError.ts'
import { type Author, changeVo } from './changeVo.ts'
import { checkRoleName, checkText } from './nameRules.ts'

export interface RoleSummary {
  readonly vo: string
  readonly role: string
  readonly description: string | undefined
  /** By how many members, in how many groups, counted each. */
  readonly holdings: number
  readonly attributes: number
}

/** The roles of one VO, or of all, by name. */
export async function listRoles(db: Queryable, vo?: string): Promise<RoleSummary[]> {
  const rows = await db.query(
    `select v.name as vo, r.name, r.description,
       (select count(*)::int from vouchd.holding where role_id = r.id) as holdings,
       (select count(*)::int from vouchd.role_attribute where role_id = r.id) as attributes
     from vouchd.role r join vouchd.vo v on v.id = r.vo_id
     where $1::text is null or v.name = $1 order by v.name collate "C", r.name collate "C"`,
    [vo ?? null],
  )
  return rows.map(row => ({
    vo: row['vo'] as string,
    role: row['name'] as string,
    description: (row['description'] as string | null) ?? undefined,
    holdings: row['holdings'] as number,
    attributes: row['attributes'] as number,
  }))
}

/** Makes a role, which may then be held in any group of the VO. */
export async function addRole(
  db: Database,
  author: Author,
  voName: string,
  role: string,
  description?: string,
): Promise<{ readonly vo: string; readonly role: string }> {
  checkRoleName(role)
  if (description) checkText('the description', description)
  return changeVo(db, author, voName, async (tx, vo) => {
    const [made] = await tx.query(
      `insert into vouchd.role (vo_id, name, description) values ($1, $2, $3)
       on conflict (vo_id, name) do nothing returning id`,
      [vo.id, role, description || null],
    )
    if (made === undefined) throw roleExists(voName, role)
    return { vo: voName, role }
  })
}

function roleExists(vo: string, role: string): AdminError {
  return new AdminError(
    'ADMIN_EXISTS',
    `there is a role ${role} in VO ${vo} already`,
    'vouchd role list prints them',
  )
}

export function noSuchRole(vo: string, role: string): AdminError {
  return new AdminError(
    'ADMIN_NOT_FOUND',
    `there is no role ${shown(role)} in VO ${vo}`,
    'vouchd role list prints them; vouchd role add makes one',
  )
}

/** Renames a role in all its groups. */
export async function renameRole(
  db: Database,
  author: Author,
  voName: string,
  from: string,
  to: string,
): Promise<{ readonly vo: string; readonly role: string; readonly from: string }> {
  checkRoleName(to)
  return changeVo(db, author, voName, async (tx, vo) => {
    const [taken] = await tx.query('select from vouchd.role where vo_id = $1 and name = $2', [vo.id, to])
    if (taken !== undefined) throw roleExists(voName, to)
    const [renamed] = await tx.query(
      'update vouchd.role set name = $3 where vo_id = $1 and name = $2 returning id',
      [vo.id, from, to],
    )
    if (renamed === undefined) throw noSuchRole(voName, from)
    return { vo: voName, role: to, from }
  })
}

/** Removes a role from everyone who holds it. */
export async function removeRole(
  db: Database,
  author: Author,
  voName: string,
  role: string,
): Promise<{
  readonly vo: string
  readonly role: string
  readonly gone: { readonly holdings: number; readonly attributes: number }
}> {
  return changeVo(db, author, voName, async (tx, vo) => {
    const [known] = (await listRoles(tx, voName)).filter(one => one.role === role)
    if (known === undefined) throw noSuchRole(voName, role)
    await tx.query('delete from vouchd.role where vo_id = $1 and name = $2', [vo.id, role])
    return { vo: voName, role, gone: { holdings: known.holdings, attributes: known.attributes } }
  })
}
