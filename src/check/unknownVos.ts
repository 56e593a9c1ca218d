import { HOLDINGS_VIEW } from '../config/holdingsView.ts'
import type { Config } from '../config/types.ts'
import type { Queryable } from '../store/database.ts'

/** A served VO that has nobody in it, not even itself. */
export interface UnknownVo {
  readonly name: string
  /** Its key of the configuration. */
  readonly place: string
  readonly advice: string
}

/** VOs of the configuration that the database does not know. Throws DatabaseError. */
export async function unknownVos(db: Queryable, config: Config): Promise<UnknownVo[]> {
  if (config.directory.holdingsView !== HOLDINGS_VIEW) return []
  const rows = await db.query<{ name: string }>('select name from vouchd.vo')
  const known = new Set(rows.map(({ name }) => name))
  return ownVos(config).filter(({ name }) => !known.has(name))
}

/** VOs that somebody has to make in vouchd's own tables. A mirrored one is made by the mirroring. */
export function ownVos({ directory, vos }: Config): UnknownVo[] {
  if (directory.holdingsView !== HOLDINGS_VIEW) return []
  return vos.flatMap(({ name, follow }, index) => {
    const advice = `vouchd vo add ${name}, or vouchd import voms-admin FILE --vo ${name} (iam instead of voms-admin for INDIGO IAM's)`
    return follow === undefined ? [{ name, place: `vo[${index}].name`, advice }] : []
  })
}
