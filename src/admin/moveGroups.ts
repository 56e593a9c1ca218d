import type { Queryable } from '../store/database.ts'
import { AdminError, shown } from './AdminError.ts'

const MAX_PATH = 255
/** How many levels a path lies below $2. */
const LEVEL = `cardinality(array_remove(string_to_array(substr(path, length($2) + 1), '/'), ''))`

/**
 * Gives a group and all below it another path; how many they were. Level by level, as the database finds each
 * group's parent by its path. The caller has seen to it that the new path is free and allowed.
 */
export async function moveGroups(tx: Queryable, voId: string, from: string, to: string): Promise<number> {
  const [reach] = await tx.query<{ deepest: number; longest: number; groups: number }>(
    `select max(${LEVEL})::int as deepest, max(length(path))::int as longest, count(*)::int as groups
     from vouchd.vo_group where vo_id = $1 and (path = $2 or starts_with(path, $2 || '/'))`,
    [voId, from],
  )
  const { deepest, longest, groups } = reach!
  if (longest - from.length + to.length > MAX_PATH) {
    throw new AdminError(
      'ADMIN_VALUE',
      `below ${shown(to)} paths of groups would become longer than ${MAX_PATH} characters`,
      'choose a shorter path',
    )
  }
  for (let level = 0; level <= deepest; level++) {
    await tx.query(
      `update vouchd.vo_group set path = $3 || substr(path, length($2) + 1)
       where vo_id = $1 and (path = $2 or starts_with(path, $2 || '/'))
         and ${LEVEL} = $4`,
      [voId, from, to, level],
    )
  }
  return groups
}
