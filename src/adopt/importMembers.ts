import type { ResolutionMode } from '../resolve/types.ts'
import type { Database, Queryable } from '../store/database.ts'
import { DEFAULT_DECISIONS, type Decisions } from './decisions.ts'
import { auditPosition, type DirectoryChange, directoryChanges } from './directoryChanges.ts'
import { beginImport, stageSource } from './importSource.ts'
import { type Changes, mergeModel, prepareCertificates, prepareGroups } from './mergeModel.ts'
import { openVo } from './openVo.ts'
import type { RowSource } from './RowSource.ts'
import type { SourceKind } from './SourceKind.ts'

export interface ImportMembersOptions {
  readonly kind: SourceKind
  readonly vo: string
  readonly followedFrom: string
  readonly decisions?: Partial<Decisions>
  readonly resolution?: ResolutionMode
  /** The members that the source's rows are about; all their rows, and all rows that belong to no member. */
  readonly sourceIds: readonly string[]
  readonly onChange?: (change: DirectoryChange) => void | Promise<void>
  /** What is done in the same transaction, after all else. */
  readonly andThen: (tx: Queryable, voId: string) => Promise<void>
}

/** Members cannot be brought over alone: what they have concerns others. */
export class NeedsEverything extends Error {}

/**
 * Brings some members of a followed VO to what the source says, in one transaction, and leaves all others alone.
 * Throws NeedsEverything where that cannot be done right, and what importSource() throws.
 */
export async function importMembers(
  source: RowSource,
  db: Database,
  options: ImportMembersOptions,
): Promise<Readonly<Record<string, Changes>>> {
  const { kind, vo, onChange } = options
  const decisions = { ...DEFAULT_DECISIONS, ...options.decisions }
  return db.transaction(async tx => {
    await beginImport(tx)
    await stageSource(tx, source, kind, {})
    await tx.query('create temporary table import_scope (source_id text primary key) on commit drop')
    await tx.query('insert into pg_temp.import_scope select unnest($1::text[])', [options.sourceIds])
    await tx.query('analyze pg_temp.import_scope')
    await kind.prepare(tx, vo)
    await prepareGroups(tx, vo, kind)
    await prepareCertificates(tx)
    const { voId, created } = await openVo(tx, vo, { ...options, decisions, source: source.name })
    await refuseShared(tx, voId)
    const since = await auditPosition(tx)
    const changes = await mergeModel(tx, voId, { kind, decisions, partial: true })
    if (onChange !== undefined) {
      for await (const change of directoryChanges(tx, { voId, created, since })) await onChange(change)
    }
    await options.andThen(tx, voId)
    return changes
  })
}

/** A certificate of several members is nobody's; who else has it can be told from all of them only. */
async function refuseShared(tx: Queryable, voId: string): Promise<void> {
  const [row] = await tx.query<{ shared: boolean }>(
    `select exists (
         select from pg_temp.import_known_certificate group by subject_key, issuer_key
         having count(distinct usr_id) > 1)
       or exists (
         select from pg_temp.import_final_certificate i
         join vouchd.certificate c on vouchd.fingerprint(c.subject_key) = vouchd.fingerprint(i.subject_key)
           and vouchd.fingerprint(c.issuer_key) = vouchd.fingerprint(i.issuer_key) and c.vo_id = $1
         join vouchd.member m on m.id = c.member_id
         where m.source_id <> i.usr_id and m.source_id not in (select source_id from pg_temp.import_scope)) as shared`,
    [voId],
  )
  if (row?.shared) throw new NeedsEverything('a certificate has come to a member from another')
}
