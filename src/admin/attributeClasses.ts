import type { Database, Queryable } from '../store/database.ts'
import { AdminError, shown } from './AdminError.ts'
import { type Author, changeVo } from './changeVo.ts'
import { checkAttributeName, checkText } from './nameRules.ts'

/** A generic attribute that may be set in a VO. */
export interface AttributeClass {
  readonly vo: string
  readonly attribute: string
  readonly description: string | undefined
  /** Two members may not have the same value. */
  readonly unique: boolean
  /** How many members, groups and roles have it. */
  readonly values: number
}

/** The attribute classes of one VO, or of all, by name. */
export async function listAttributeClasses(db: Queryable, vo?: string): Promise<AttributeClass[]> {
  const rows = await db.query(
    `select v.name as vo, k.name, k.description, k.unique_values,
       (select count(*)::int from vouchd.member_attribute where class_id = k.id)
         + (select count(*)::int from vouchd.group_attribute where class_id = k.id)
         + (select count(*)::int from vouchd.role_attribute where class_id = k.id) as values
     from vouchd.attribute_class k join vouchd.vo v on v.id = k.vo_id
     where $1::text is null or v.name = $1 order by v.name collate "C", k.name collate "C"`,
    [vo ?? null],
  )
  return rows.map(row => ({
    vo: row['vo'] as string,
    attribute: row['name'] as string,
    description: (row['description'] as string | null) ?? undefined,
    unique: row['unique_values'] as boolean,
    values: row['values'] as number,
  }))
}

/** Allows an attribute in a VO. */
export async function addAttributeClass(
  db: Database,
  author: Author,
  voName: string,
  attribute: { readonly name: string; readonly description?: string; readonly unique?: boolean },
): Promise<{ readonly vo: string; readonly attribute: string }> {
  const { name, description, unique = false } = attribute
  checkAttributeName(name)
  if (description) checkText('the description', description)
  return changeVo(db, author, voName, async (tx, vo) => {
    const [made] = await tx.query(
      `insert into vouchd.attribute_class (vo_id, name, description, unique_values) values ($1, $2, $3, $4)
       on conflict (vo_id, name) do nothing returning id`,
      [vo.id, name, description || null, unique],
    )
    if (made === undefined) throw classExists(voName, name)
    return { vo: voName, attribute: name }
  })
}

function classExists(vo: string, name: string): AdminError {
  return new AdminError(
    'ADMIN_EXISTS',
    `there is an attribute ${name} in VO ${vo} already`,
    'vouchd attribute class list prints them',
  )
}

export function noSuchClass(vo: string, name: string): AdminError {
  return new AdminError(
    'ADMIN_NOT_FOUND',
    `there is no attribute ${shown(name)} in VO ${vo}`,
    'vouchd attribute class list prints them; vouchd attribute class add makes one',
  )
}

/** Renames an attribute wherever it is set. */
export async function renameAttributeClass(
  db: Database,
  author: Author,
  voName: string,
  from: string,
  to: string,
): Promise<{ readonly vo: string; readonly attribute: string; readonly from: string }> {
  checkAttributeName(to)
  return changeVo(db, author, voName, async (tx, vo) => {
    const [taken] = await tx.query('select from vouchd.attribute_class where vo_id = $1 and name = $2', [
      vo.id,
      to,
    ])
    if (taken !== undefined) throw classExists(voName, to)
    const [renamed] = await tx.query(
      'update vouchd.attribute_class set name = $3 where vo_id = $1 and name = $2 returning id',
      [vo.id, from, to],
    )
    if (renamed === undefined) throw noSuchClass(voName, from)
    return { vo: voName, attribute: to, from }
  })
}

/** Removes an attribute with every value of it. */
export async function removeAttributeClass(
  db: Database,
  author: Author,
  voName: string,
  name: string,
): Promise<{ readonly vo: string; readonly attribute: string; readonly gone: { readonly values: number } }> {
  return changeVo(db, author, voName, async (tx, vo) => {
    const known = (await listAttributeClasses(tx, voName)).find(one => one.attribute === name)
    if (known === undefined) throw noSuchClass(voName, name)
    await tx.query('delete from vouchd.attribute_class where vo_id = $1 and name = $2', [vo.id, name])
    return { vo: voName, attribute: name, gone: { values: known.values } }
  })
}
