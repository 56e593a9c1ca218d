import type { ResolutionMode } from '../resolve/types.ts'
import type { Queryable } from '../store/database.ts'
import type { Decisions } from './decisions.ts'
import { ImportError } from './ImportError.ts'
import type { SourceKind } from './SourceKind.ts'

export interface OpenVoOptions {
  readonly kind: SourceKind
  readonly decisions: Decisions
  /** Name of the source, for the audit. */
  readonly source: string
  readonly resolution?: ResolutionMode
  readonly followedFrom?: string
}

export interface OpenedVo {
  readonly voId: string
  readonly created: boolean
  readonly resolution: ResolutionMode
}

/**
 * The VO that an import writes to, made where it is missing, with the settings that the import decides. Tells the
 * audit who changes what, and why. Throws ImportError IMPORT_FOLLOWED where the VO is followed from another source.
 */
export async function openVo(tx: Queryable, vo: string, options: OpenVoOptions): Promise<OpenedVo> {
  const { kind, decisions, source, resolution, followedFrom } = options
  const actor = followedFrom === undefined ? `import ${kind.name}` : `follow ${kind.name}`
  await tx.query(`select set_config('vouchd.actor', $1, true), set_config('vouchd.reason', $2, true)`, [
    actor,
    source,
  ])
  const enforceEnds = decisions['membership-ended'] === 'enforce'
  // Ends of memberships refuse nobody at the servers that are replaced.
  const [made] = await tx.query<{ id: string }>(
    `insert into vouchd.vo (name, enforce_end_dates, resolution, followed_from) values ($1, $2, $3, $4)
     on conflict (name) do nothing returning id`,
    [vo, enforceEnds, resolution ?? kind.resolution, followedFrom ?? null],
  )
  if (made !== undefined) {
    // The first import of a VO leaves a summary in the audit, not a row for each of its rows.
    await tx.query(`select set_config('vouchd.audit', 'summary', true)`)
    return { voId: String(made.id), created: true, resolution: resolution ?? kind.resolution }
  }
  const [known] = await tx.query<{ id: string; resolution: ResolutionMode; followed: string | null }>(
    'select id, resolution, followed_from as followed from vouchd.vo where name = $1 for update',
    [vo],
  )
  const { id, followed } = known!
  if (followed !== null && followed !== (followedFrom ?? source)) {
    throw new ImportError(
      'IMPORT_FOLLOWED',
      `VO ${vo} is followed from ${followed}, which would undo this; end that first (vouchd import end-follow)`,
    )
  }
  await tx.query(
    `update vouchd.vo set enforce_end_dates = enforce_end_dates or $2, resolution = coalesce($3, resolution),
       followed_from = coalesce($4, followed_from)
     where id = $1 and (enforce_end_dates, resolution, followed_from)
       is distinct from (enforce_end_dates or $2, coalesce($3, resolution), coalesce($4, followed_from))`,
    [id, enforceEnds, resolution ?? null, followedFrom ?? null],
  )
  return { voId: String(id), created: false, resolution: resolution ?? known!.resolution }
}
