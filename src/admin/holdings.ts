import { shortForm } from '../../native-free/fqan/shortForm.ts'
import type { Database, Queryable } from '../store/database.ts'
import { AdminError, shown } from './AdminError.ts'
import { type Author, changeVo } from './changeVo.ts'
import { checkRows, type Placed, type RowCheck, type RowOf } from './checkRows.ts'
import { findMembers, type MemberRef } from './findMembers.ts'
import { type GroupTree, loadGroupTree } from './groupTree.ts'

/** A group, or a role in a group, by name. */
export interface HoldingName {
  readonly group: string
  readonly role?: string
}

export interface Join extends Placed, MemberRef, HoldingName {
  /** When it ends; null: never. Absent: as it is, for one that is held already. */
  readonly endsAt?: Date | null
}

export interface Joined {
  readonly member: string
  readonly fqan: string
  /** What the member did not hold before: the group, groups above it, the role. */
  readonly added: readonly string[]
  /** What was held, and has another end now. */
  readonly changed: readonly string[]
}

/** "/vo/group", or "/vo/group/Role=role" as an FQAN has it, with a role beside it or not. Throws ADMIN_VALUE. */
export function holdingName(group: string, role?: string): HoldingName {
  const parts = /^(.*)\/Role=([^/]*)$/.exec(shortForm(group))
  const [path, inPath] = parts === null ? [shortForm(group), undefined] : [parts[1]!, parts[2]!]
  if (inPath !== undefined && role !== undefined && inPath !== role) {
    throw new AdminError('ADMIN_VALUE', `two roles: ${shown(inPath)} and ${shown(role)}`, 'name one')
  }
  const named = role ?? inPath
  if (named === '') {
    throw new AdminError(
      'ADMIN_VALUE',
      `${shown(group)} names no role`,
      'write /VO/GROUP/Role=ROLE, or /VO/GROUP',
    )
  }
  return named === undefined ? { group: path } : { group: path, role: named }
}

export const NO_ROLE = '0'

/** What a member holds, by ids. */
export function holdingKey(memberId: string, groupId: string, roleId: string | null): string {
  return `${memberId} ${groupId} ${roleId ?? NO_ROLE}`
}

export interface HoldingRow {
  readonly memberId: string
  readonly groupId: string
  readonly roleId: string | null
  readonly endsAt: Date | null
}

/**
 * Gives members groups and roles. Who comes into a group comes into those above it, and who gets a role comes
 * into its group, as VOMS administrations do. All rows are checked before anything is written.
 */
export function joinGroups(
  db: Database,
  author: Author,
  voName: string,
  rows: readonly RowOf<Join>[],
  check: RowCheck = checkRows(),
): Promise<readonly Joined[]> {
  return changeVo(db, author, voName, async (tx, vo) => {
    const tree = await loadGroupTree(tx, vo)
    const memberOf = await findMembers(tx, rows.flatMap(memberRefOf), voName)
    for (const row of rows) {
      for (const ref of memberRefOf(row)) check.row(row, () => memberOf(ref))
      const { group, role } = row
      if (group !== undefined) check.row(row, () => tree.groupsTo(group))
      if (role !== undefined) check.row(row, () => tree.role(role))
    }
    const joins = check.whole<Join>(rows)

    const ids = joins.map(join => memberOf(join).id)
    const held = await loadHeld(tx, ids)
    const added = new Map<string, HoldingRow>()
    const changed = new Map<string, HoldingRow>()
    const result = joins.map((join, index): Joined => {
      const memberId = ids[index]!
      const wanted = wantedHoldings(tree, join, memberId)
      const mine: { added: string[]; changed: string[] } = { added: [], changed: [] }
      for (const [place, row] of wanted.entries()) {
        const key = holdingKey(memberId, row.groupId, row.roleId)
        const fqan = tree.fqan(row.groupId, row.roleId)
        const before = held.get(key)
        const isNamed = place === wanted.length - 1
        if (before === undefined) {
          held.set(key, row.endsAt)
          added.set(key, row)
          mine.added.push(fqan)
        } else if (isNamed && join.endsAt !== undefined && !sameEnd(before.endsAt, row.endsAt)) {
          held.set(key, row.endsAt)
          if (added.has(key)) added.set(key, row)
          else changed.set(key, row)
          mine.changed.push(fqan)
        }
      }
      return { member: memberId, fqan: nameOf(join), ...mine }
    })
    await insertHoldings(tx, vo.id, [...added.values()])
    await updateEnds(tx, [...changed.values()])
    return result
  })
}

/** The member that a row names, unless that could not be read. */
function memberRefOf({ member, issuer }: RowOf<MemberRef>): MemberRef[] {
  return member === undefined ? [] : [issuer === undefined ? { member } : { member, issuer }]
}

/** The groups above, the group, and the role; the one that was named last, with its end. */
function wantedHoldings(tree: GroupTree, join: Join, memberId: string): HoldingRow[] {
  const groups = tree.groupsTo(join.group).map(groupId => ({ memberId, groupId, roleId: null, endsAt: null }))
  const endsAt = join.endsAt ?? null
  if (join.role === undefined) return [...groups.slice(0, -1), { ...groups.at(-1)!, endsAt }]
  return [...groups, { ...groups.at(-1)!, roleId: tree.role(join.role), endsAt }]
}

function nameOf({ group, role }: HoldingName): string {
  return role === undefined ? group : `${group}/Role=${role}`
}

interface Held {
  get(key: string): { readonly endsAt: Date | null } | undefined
  set(key: string, endsAt: Date | null): void
}

async function loadHeld(tx: Queryable, memberIds: readonly string[]): Promise<Held> {
  const rows = await tx.query<{
    member_id: string
    group_id: string
    role_id: string | null
    ends_at: Date | null
  }>('select member_id, group_id, role_id, ends_at from vouchd.holding where member_id = any($1::bigint[])', [
    [...new Set(memberIds)],
  ])
  const held = new Map(
    rows.map(row => [holdingKey(row.member_id, row.group_id, row.role_id), { endsAt: row.ends_at }]),
  )
  return { get: key => held.get(key), set: (key, endsAt) => void held.set(key, { endsAt }) }
}

function sameEnd(a: Date | null, b: Date | null): boolean {
  return a?.getTime() === b?.getTime()
}

const BATCH = 1000

/** Writes holdings that are not there yet, some hundred a statement. */
export async function insertHoldings(
  tx: Queryable,
  voId: string,
  rows: readonly HoldingRow[],
): Promise<void> {
  for (let from = 0; from < rows.length; from += BATCH) {
    const batch = rows.slice(from, from + BATCH)
    await tx.query(
      `insert into vouchd.holding (vo_id, member_id, group_id, role_id, ends_at)
       select $1, m, g, r, e from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[]) as t (m, g, r, e)`,
      [voId, ...columns(batch)],
    )
  }
}

async function updateEnds(tx: Queryable, rows: readonly HoldingRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += BATCH) {
    await tx.query(
      `update vouchd.holding h set ends_at = e
       from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[]) as t (m, g, r, e)
       where h.member_id = m and h.group_id = g and h.role_id is not distinct from r`,
      columns(rows.slice(from, from + BATCH)),
    )
  }
}

function columns(rows: readonly HoldingRow[]) {
  return [
    rows.map(row => row.memberId),
    rows.map(row => row.groupId),
    rows.map(row => row.roleId),
    rows.map(row => row.endsAt),
  ]
}

export interface Leave extends Placed, MemberRef, HoldingName {}

export interface Left {
  readonly member: string
  readonly fqan: string
  /** What the member holds no more: who leaves a group leaves those below it, and their roles. */
  readonly removed: readonly string[]
}

/** Takes groups and roles from members. All rows are checked before anything is written. */
export function leaveGroups(
  db: Database,
  author: Author,
  voName: string,
  rows: readonly RowOf<Leave>[],
  check: RowCheck = checkRows(),
): Promise<readonly Left[]> {
  return changeVo(db, author, voName, async (tx, vo) => {
    const tree = await loadGroupTree(tx, vo)
    const memberOf = await findMembers(tx, rows.flatMap(memberRefOf), voName)
    for (const row of rows) {
      for (const ref of memberRefOf(row)) check.row(row, () => memberOf(ref))
      const { group, role } = row
      if (group !== undefined) check.row(row, () => tree.group(group))
      if (role !== undefined) check.row(row, () => tree.role(role))
    }
    const leaves = check.whole<Leave>(rows)

    const ids = leaves.map(leave => memberOf(leave).id)
    const held = await tx.query<{ id: string; member_id: string; group_id: string; role_id: string | null }>(
      'select id, member_id, group_id, role_id from vouchd.holding where member_id = any($1::bigint[])',
      [[...new Set(ids)]],
    )
    const ofMember = Map.groupBy(held, row => row.member_id)
    const gone = new Set<string>()
    const result: Left[] = []
    for (const [index, leave] of leaves.entries()) {
      check.row(leave, () => {
        const member = ids[index]!
        const below = leave.role === undefined ? tree.below(leave.group) : new Set([tree.group(leave.group)])
        const roleId = leave.role === undefined ? undefined : tree.role(leave.role)
        const mine = (ofMember.get(member) ?? []).filter(
          row => below.has(row.group_id) && (roleId === undefined || row.role_id === roleId),
        )
        if (mine.length === 0) throw notHeld(leave)
        for (const row of mine) gone.add(row.id)
        const removed = mine.map(row => tree.fqan(row.group_id, row.role_id)).sort()
        result.push({ member, fqan: nameOf(leave), removed })
      })
    }
    check.finish()
    await tx.query('delete from vouchd.holding where id = any($1::bigint[])', [[...gone]])
    return result
  })
}

function notHeld(leave: Leave): AdminError {
  return new AdminError(
    'ADMIN_STATE',
    `member ${shown(leave.member)} does not hold ${nameOf(leave)}`,
    'vouchd member show tells what he holds',
  )
}
