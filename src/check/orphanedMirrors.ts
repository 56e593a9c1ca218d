import { HOLDINGS_VIEW } from '../config/holdingsView.ts'
import type { Config } from '../config/types.ts'
import type { Queryable } from '../store/database.ts'

/** A VO that is marked as another server's, and that this configuration does not follow. */
export interface OrphanedMirror {
  readonly name: string
  /** Its key of the configuration. */
  readonly place: string
  readonly followedFrom: string
}

/**
 * VOs of the configuration that nobody follows any more, as when the following was given up without `import end-follow`:
 * a suspension on the other server no longer arrives, and one here is refused. Throws DatabaseError.
 */
export async function orphanedMirrors(db: Queryable, { directory, vos }: Config): Promise<OrphanedMirror[]> {
  if (directory.holdingsView !== HOLDINGS_VIEW) return []
  const rows = await db.query<{ name: string; source: string }>(
    'select name, followed_from as source from vouchd.vo where followed_from is not null',
  )
  const marked = new Map(rows.map(({ name, source }) => [name, source]))
  return vos.flatMap(({ name, follow }, index) => {
    const followedFrom = marked.get(name)
    if (follow !== undefined || followedFrom === undefined) return []
    return [{ name, place: `vo[${index}].name`, followedFrom }]
  })
}
