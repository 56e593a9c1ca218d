import type { Database, Queryable } from '../store/database.ts'
import { AdminError, shown } from './AdminError.ts'
import { noSuchClass } from './attributeClasses.ts'
import { type Author, changeVo, type Vo } from './changeVo.ts'
import { checkRows, type Placed, type RowCheck, type RowOf } from './checkRows.ts'
import { type FoundMember, findMembers, type MemberRef } from './findMembers.ts'
import { type GroupTree, loadGroupTree } from './groupTree.ts'
import { checkAttributeValue } from './nameRules.ts'

/** Whose attribute it is: a member's, a group's, or a role's in a group. */
export type AttributeHolder =
  | { readonly scope: 'member'; readonly member: MemberRef }
  | { readonly scope: 'group'; readonly group: string }
  | { readonly scope: 'role'; readonly group: string; readonly role: string }

export interface AttributeRow {
  readonly vo: string
  readonly scope: AttributeHolder['scope']
  readonly member: string | undefined
  readonly group: string | undefined
  readonly role: string | undefined
  readonly name: string
  readonly value: string
}

export interface AttributeFilter {
  readonly vo?: string
  readonly name?: string
  readonly member?: string
  readonly group?: string
  readonly role?: string
  readonly limit: number
}

/** The attributes that are set, by whose they are. */
export async function listAttributes(db: Queryable, filter: AttributeFilter): Promise<AttributeRow[]> {
  const rows = await db.query(
    `select vo, scope, member, fqgroup, role, name, value from vouchd.attributes
     where ($1::text is null or vo = $1) and ($2::text is null or name = $2)
       and ($3::bigint is null or member = $3) and ($4::text is null or fqgroup = $4)
       and ($5::text is null or role = $5)
     order by vo collate "C", scope, member, fqgroup collate "C", role collate "C", name collate "C" limit $6`,
    [
      filter.vo ?? null,
      filter.name ?? null,
      filter.member ?? null,
      filter.group ?? null,
      filter.role ?? null,
      filter.limit,
    ],
  )
  return rows.map(row => ({
    vo: row['vo'] as string,
    scope: row['scope'] as AttributeRow['scope'],
    member: (row['member'] as string | null) ?? undefined,
    group: (row['fqgroup'] as string | null) ?? undefined,
    role: (row['role'] as string | null) ?? undefined,
    name: row['name'] as string,
    value: row['value'] as string,
  }))
}

export interface AttributeSetting extends Placed {
  readonly holder: AttributeHolder
  readonly name: string
  readonly value: string
}

export type AttributeRemoval = Omit<AttributeSetting, 'value'>

export interface AttributesChanged {
  readonly vo: string
  readonly added: number
  readonly changed: number
  readonly removed: number
}

/** Sets attributes; one that is set already gets the new value. All rows are checked before anything is written. */
export function setAttributes(
  db: Database,
  author: Author,
  voName: string,
  settings: readonly RowOf<AttributeSetting>[],
  check: RowCheck = checkRows(),
): Promise<AttributesChanged> {
  return changeVo(db, author, voName, async (tx, vo) => {
    const located = await locate(tx, vo, settings, check, checkAttributeValue)
    let added = 0
    let changed = 0
    for (const [scope, rows] of Map.groupBy(located, row => row.scope)) {
      // Of two rows for one attribute the later one counts.
      const last = [...new Map(rows.map(row => [keyOf(row), row])).values()]
      for (let from = 0; from < last.length; from += BATCH) {
        const written = await upsert(tx, vo.id, scope, last.slice(from, from + BATCH))
        added += written.filter(row => row.inserted).length
        changed += written.filter(row => !row.inserted).length
      }
    }
    await refuseSharedValues(tx, located, check)
    return { vo: voName, added, changed, removed: 0 }
  })
}

/** Takes attributes away. Refuses when one is not set. */
export function removeAttributes(
  db: Database,
  author: Author,
  voName: string,
  removals: readonly RowOf<AttributeRemoval>[],
  check: RowCheck = checkRows(),
): Promise<AttributesChanged> {
  return changeVo(db, author, voName, async (tx, vo) => {
    const located = await locate(
      tx,
      vo,
      removals.map(removal => ({ ...removal, value: '' })),
      check,
      () => {},
    )
    let removed = 0
    for (const [scope, rows] of Map.groupBy(located, row => row.scope)) {
      const wanted = [...new Map(rows.map(row => [keyOf(row), row])).values()]
      const gone = new Set<string>()
      for (let from = 0; from < wanted.length; from += BATCH) {
        for (const key of await deleteRows(tx, scope, wanted.slice(from, from + BATCH))) gone.add(key)
      }
      removed += gone.size
      for (const row of rows) {
        check.row(row, () => {
          if (gone.has(keyOf(row))) return
          throw new AdminError('ADMIN_STATE', `${row.name} is not set there`, 'vouchd attribute list tells')
        })
      }
    }
    check.finish()
    return { vo: voName, added: 0, changed: 0, removed }
  })
}

interface LocatedRow extends Placed {
  readonly scope: AttributeHolder['scope']
  readonly name: string
  readonly classId: string
  readonly memberId: string | null
  readonly groupId: string | null
  readonly roleId: string | null
  readonly value: string
  readonly isUnique: boolean
}

function keyOf(row: LocatedRow): string {
  return [row.scope, row.classId, row.memberId, row.groupId, row.roleId].join(' ')
}

/** Names as ids, everything checked. */
async function locate(
  tx: Queryable,
  vo: Vo,
  settings: readonly RowOf<AttributeSetting>[],
  check: RowCheck,
  checkValue: (value: string) => void,
): Promise<LocatedRow[]> {
  const tree = await loadGroupTree(tx, vo)
  const refs = settings.flatMap(({ holder }) => (holder?.scope === 'member' ? [holder.member] : []))
  const memberOf = await findMembers(tx, refs, vo.name)
  const classRows = await tx.query<{ id: string; name: string; unique_values: boolean }>(
    'select id, name, unique_values from vouchd.attribute_class where vo_id = $1',
    [vo.id],
  )
  const classes = new Map(classRows.map(row => [row.name, row]))
  const located: LocatedRow[] = []
  for (const setting of settings) {
    const { place, name, value, holder } = setting
    const known = check.read(setting, () => {
      const found = name === undefined ? undefined : classes.get(name)
      if (found === undefined && name !== undefined) throw noSuchClass(vo.name, name)
      return found
    })
    if (value !== undefined) check.row(setting, () => checkValue(value))
    const where = holder && check.read(setting, () => idsOf(holder, tree, memberOf))
    if (known === undefined || where === undefined || name === undefined || value === undefined) continue
    const row = { scope: holder!.scope, name, value, classId: known.id, isUnique: known.unique_values }
    located.push({ ...row, ...where, ...(place === undefined ? {} : { place }) })
  }
  check.finish()
  return located
}

function idsOf(holder: AttributeHolder, tree: GroupTree, memberOf: (ref: MemberRef) => FoundMember) {
  switch (holder.scope) {
    case 'member':
      return { memberId: memberOf(holder.member).id, groupId: null, roleId: null }
    case 'group':
      return { memberId: null, groupId: tree.group(holder.group), roleId: null }
    case 'role':
      return { memberId: null, groupId: tree.group(holder.group), roleId: tree.role(holder.role) }
  }
}

const BATCH = 1000

const KEYS = {
  member: ['member_id'],
  group: ['group_id'],
  role: ['group_id', 'role_id'],
} as const

async function upsert(
  tx: Queryable,
  voId: string,
  scope: AttributeHolder['scope'],
  rows: readonly LocatedRow[],
): Promise<{ inserted: boolean }[]> {
  const columns = [...KEYS[scope], 'class_id'].join(', ')
  return tx.query<{ inserted: boolean }>(
    `insert into vouchd.${scope}_attribute as t (vo_id, ${columns}, value)
     select $1, ${columns}, value
     from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[])
       as n (member_id, group_id, role_id, class_id, value)
     on conflict (${columns}) do update set value = excluded.value where t.value <> excluded.value
     returning xmax = 0 as inserted`,
    [voId, ...idColumns(rows), rows.map(row => row.value)],
  )
}

/** Keys of those that were there. */
async function deleteRows(
  tx: Queryable,
  scope: AttributeHolder['scope'],
  rows: readonly LocatedRow[],
): Promise<string[]> {
  const same = [...KEYS[scope], 'class_id'].map(key => `a.${key} = n.${key}`).join(' and ')
  const gone = await tx.query<{ key: string }>(
    `delete from vouchd.${scope}_attribute a
     using unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[])
       as n (member_id, group_id, role_id, class_id, key)
     where ${same} returning n.key`,
    [...idColumns(rows), rows.map(keyOf)],
  )
  return gone.map(row => row.key)
}

function idColumns(rows: readonly LocatedRow[]) {
  return [
    rows.map(row => row.memberId),
    rows.map(row => row.groupId),
    rows.map(row => row.roleId),
    rows.map(row => row.classId),
  ]
}

/** Two members with one value of an attribute whose values are to be unique. */
async function refuseSharedValues(
  tx: Queryable,
  located: readonly LocatedRow[],
  check: RowCheck,
): Promise<void> {
  const unique = located.filter(row => row.scope === 'member' && row.isUnique)
  if (unique.length === 0) return
  const rows = await tx.query<{ class_id: string; value: string; members: string }>(
    `select class_id, value, string_agg(member_id::text, ', ' order by member_id) as members
     from vouchd.member_attribute where class_id = any($1::bigint[]) and value = any($2::text[])
     group by class_id, value having count(*) > 1`,
    [[...new Set(unique.map(row => row.classId))], [...new Set(unique.map(row => row.value))]],
  )
  const shared = new Map(rows.map(row => [`${row.class_id} ${row.value}`, row.members]))
  for (const row of unique) {
    check.row(row, () => {
      const members = shared.get(`${row.classId} ${row.value}`)
      if (members === undefined) return
      throw new AdminError(
        'ADMIN_EXISTS',
        `members ${members} would have one value of ${row.name}: ${shown(row.value)}`,
        'values of this attribute are unique; choose another',
      )
    })
  }
  check.finish()
}
