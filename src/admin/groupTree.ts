import type { Queryable } from '../store/database.ts'
import { noSuchGroup, pathsTo } from './groups.ts'
import { noSuchRole } from './roles.ts'

/** The groups and roles of one VO by name, for changes of many members. */
export interface GroupTree {
  /** The group's id. Throws AdminError ADMIN_NOT_FOUND. */
  group(path: string): string
  /** Ids of the group and those above it, the root first. */
  groupsTo(path: string): readonly string[]
  role(name: string): string
  /** A holding as an FQAN, by ids. */
  fqan(groupId: string, roleId: string | null): string
  /** Ids of the group and all below it. */
  below(path: string): ReadonlySet<string>
}

export async function loadGroupTree(tx: Queryable, vo: { id: string; name: string }): Promise<GroupTree> {
  const groupRows = await tx.query<{ id: string; path: string }>(
    'select id, path from vouchd.vo_group where vo_id = $1',
    [vo.id],
  )
  const roleRows = await tx.query<{ id: string; name: string }>(
    'select id, name from vouchd.role where vo_id = $1',
    [vo.id],
  )
  const groups = new Map(groupRows.map(({ id, path }) => [path, id]))
  const roles = new Map(roleRows.map(({ id, name }) => [name, id]))
  const paths = new Map(groupRows.map(({ id, path }) => [id, path]))
  const names = new Map(roleRows.map(({ id, name }) => [id, name]))

  function group(path: string): string {
    const id = groups.get(path)
    if (id === undefined) throw noSuchGroup(path)
    return id
  }
  return {
    group,
    groupsTo: path => pathsTo(path).map(group),
    role(name) {
      const id = roles.get(name)
      if (id === undefined) throw noSuchRole(vo.name, name)
      return id
    },
    fqan(groupId, roleId) {
      const path = paths.get(groupId) ?? groupId
      return roleId === null ? path : `${path}/Role=${names.get(roleId) ?? roleId}`
    },
    below(path) {
      const inside = groupRows.filter(row => row.path === path || row.path.startsWith(`${path}/`))
      return new Set(inside.map(row => row.id))
    },
  }
}
