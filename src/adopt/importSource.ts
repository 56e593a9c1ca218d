import type { Clock } from '../clock.ts'
import type { ResolutionMode } from '../resolve/types.ts'
import type { Database, Queryable } from '../store/database.ts'
import { DEFAULT_DECISIONS, type Decisions } from './decisions.ts'
import { auditPosition, type DirectoryChange, directoryChanges } from './directoryChanges.ts'
import { type FoundItem, findFindings, type ImportFinding, refuseFailures } from './findings.ts'
import { ImportError } from './ImportError.ts'
import { type Changes, mergeModel, mergeOther, prepareCertificates, prepareGroups } from './mergeModel.ts'
import { mergePolicies } from './mergePolicies.ts'
import { openVo } from './openVo.ts'
import type { RowSource, SourceProgress, SourceTable } from './RowSource.ts'
import type { SourceKind } from './SourceKind.ts'
import { createStaging } from './stageModel.ts'

export interface ImportProgress {
  readonly phase: 'reading' | 'comparing' | 'writing'
  readonly source: SourceProgress
  readonly rows: number
}

export interface ImportOptions {
  readonly clock: Clock
  /** How to decide what needs a decision; the defaults where absent. */
  readonly decisions?: Partial<Decisions>
  /** Whose rules the VO resolves by from now on; absent: as it is, for a new VO the source's own. */
  readonly resolution?: ResolutionMode
  /** The VO is followed from this source from now on, by this name; its other sources are refused. */
  readonly followedFrom?: string
  /** Only in a followed VO, where nothing but what ACs need is read: bring over policies and signatures too. */
  readonly policies?: boolean
  /** Canonical names of the CAs that are trusted here; where absent, nothing is said about CAs that are not. */
  readonly trustedCas?: readonly string[]
  /** Do everything, report it, and undo it. */
  readonly dryRun?: boolean
  readonly onProgress?: (progress: ImportProgress) => void
  /** Told of every change, in order, before it is committed, until it has heard enough. */
  readonly onChange?: (change: DirectoryChange) => void | 'enough' | Promise<void>
  /** Told of everything that needs a look or a decision, one by one, before it is committed. */
  readonly onFound?: (item: FoundItem) => void | Promise<void>
  /** What is done in the same transaction, after all else. */
  readonly andThen?: (tx: Queryable, voId: string, findings: readonly ImportFinding[]) => Promise<void>
}

/** What the source holds, as the directory has it after the import. */
export interface ImportCounts {
  readonly members: number
  readonly certificates: number
  readonly suspendedCertificates: number
  readonly groups: number
  readonly roles: number
  readonly holdings: number
  readonly cas: number
  readonly attributes: number
  /** Rows kept as they are, for administration. */
  readonly otherRows: number
}

export interface ImportResult {
  readonly vo: string
  readonly source: string
  readonly dryRun: boolean
  /** The VO was not there before. */
  readonly created: boolean
  readonly schemaVersion: number
  readonly resolution: ResolutionMode
  readonly counts: ImportCounts
  readonly changes: Readonly<Record<string, Changes>>
  readonly findings: readonly ImportFinding[]
}

/**
 * Imports another server's database into one VO of the directory, which is made if it is not there. All of it in
 * one transaction: on any error nothing is changed. Again from the same source it changes nothing; from a newer
 * one, the VO's imported part becomes what that says. Membership ends are kept but not enforced in a new VO,
 * unless that is decided.
 *
 * Throws DumpError (with line and byte), SourceError, ImportError, DatabaseError, and the file system's errors.
 */
export async function importSource(
  source: RowSource,
  kind: SourceKind,
  vo: string,
  db: Database,
  options: ImportOptions,
): Promise<ImportResult> {
  let result: ImportResult | undefined
  try {
    await db.transaction(async tx => {
      result = await importInto(tx, source, kind, vo, options)
      if (options.dryRun) throw new DryRunDone()
    })
  } catch (thrown) {
    if (!(thrown instanceof DryRunDone)) throw thrown
  }
  return result!
}

/** Rolls a dry run back. */
class DryRunDone extends Error {}

async function importInto(
  tx: Queryable,
  source: RowSource,
  kind: SourceKind,
  vo: string,
  options: ImportOptions,
): Promise<ImportResult> {
  await beginImport(tx)
  await joinByHashes(tx, true)
  const decisions = { ...DEFAULT_DECISIONS, ...options.decisions }
  const { onFound } = options
  const asked = { vo, now: options.clock.now(), source: kind.name, decisions, onFound }
  const { left, rows } = await stageSource(tx, source, kind, options)
  const progress = (phase: ImportProgress['phase']) =>
    options.onProgress?.({ phase, source: source.progress(), rows })

  progress('comparing')
  const schemaVersion = await kind.prepare(tx, vo)
  await prepareGroups(tx, vo, kind)
  await tx.query('create temporary table import_trusted_ca (subject_key text) on commit drop')
  await tx.query('insert into pg_temp.import_trusted_ca select unnest($1::text[])', [
    options.trustedCas ?? [],
  ])
  const findings = await findFindings(tx, 'staged', asked)
  await prepareCertificates(tx)
  findings.push(...(await findFindings(tx, 'certificates', asked)))
  refuseFailures(findings)

  progress('writing')
  const { voId, created, resolution } = await openVo(tx, vo, {
    ...options,
    kind,
    decisions,
    source: source.name,
  })
  const since = await auditPosition(tx)
  const followed = options.followedFrom !== undefined
  const changes = {
    ...(await mergeModel(tx, voId, { kind, decisions, partial: false })),
    ...(followed ? {} : await mergeOther(tx, voId, kind)),
    ...(!followed || options.policies ? await mergePolicies(tx, voId, kind, followed) : {}),
  }
  await joinByHashes(tx, false)
  findings.push(...(await findFindings(tx, 'merged', asked)), ...left)
  refuseFailures(findings)
  for (const { examples, ...finding } of left) {
    for (const what of examples) await onFound?.({ ...finding, what })
  }
  if (options.onChange !== undefined) {
    for await (const change of directoryChanges(tx, { voId, created, since })) {
      if ((await options.onChange(change)) === 'enough') break
    }
  }
  await options.andThen?.(tx, voId, findings)
  const counts = await countDirectory(tx, voId)
  const dryRun = options.dryRun ?? false
  if (!dryRun) await tellPlanner(tx, changes)
  return { vo, source: source.name, dryRun, created, schemaVersion, resolution, counts, changes, findings }
}

const MANY_CHANGES = 1000

/** What was written by the thousand the server learns of in its own time, or never, and reads whole tables until then. */
async function tellPlanner(tx: Queryable, changes: ImportResult['changes']): Promise<void> {
  const tables = ['member', 'certificate', 'holding', 'member_attribute', 'aup_signature'].filter(table => {
    const { inserted = 0, updated = 0, deleted = 0 } = changes[table] ?? {}
    return inserted + updated + deleted >= MANY_CHANGES
  })
  if (tables.length > 0) await tx.query(`analyze ${tables.map(table => `vouchd.${table}`).join(', ')}`)
}

/** Two imports at once would stage and delete each other's rows; and none of them is a matter of seconds. */
export async function beginImport(tx: Queryable): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('vouchd.import', 0))`)
  await tx.query('set local statement_timeout = 0')
  // The planner knows little of staging tables: it would compile statements for longer than they run.
  await tx.query('set local jit = off')
}

/**
 * Statements over everything join by hashes. A table that was empty when the server last looked at it, as after a dry
 * run or a removal, seems to cost nothing to be read again for every row, also while this very statement fills it.
 */
async function joinByHashes(tx: Queryable, on: boolean): Promise<void> {
  await tx.query(`set local enable_nestloop = ${on ? 'off' : 'on'}`)
}

/** Reads the source into the staging tables; answers what it left out, table by table. */
export async function stageSource(
  tx: Queryable,
  source: RowSource,
  kind: SourceKind,
  options: Pick<ImportOptions, 'onProgress'>,
): Promise<{ left: ImportFinding[]; rows: number }> {
  const staging = await createStaging(tx, kind.staging)
  const leftOut = new Map<string, number | undefined>()
  let rows = 0
  const seen = new Set<SourceTable>()
  for await (const batch of source.rows()) {
    for (const row of batch) {
      if (!seen.has(row.table)) checkColumns(row.table, kind)
      seen.add(row.table)
      const staged = kind.toRow(row)
      if (staged !== undefined) await staging.add(staged)
      else leftOut.set(row.table.name, (leftOut.get(row.table.name) ?? 0) + 1)
      rows++
    }
    options.onProgress?.({ phase: 'reading', source: source.progress(), rows })
  }
  await staging.finish()
  checkTables(source, kind)
  if (source.progress().unit === 'rows') {
    for (const name of source.tables.keys()) if (!kind.keeps(name)) leftOut.set(name, undefined)
  }
  return { left: leftOut.size === 0 ? [] : [tablesLeftOut(leftOut)], rows }
}

function tablesLeftOut(rows: ReadonlyMap<string, number | undefined>): ImportFinding {
  return {
    kind: 'table-left-out',
    severity: 'info',
    meaning: 'The table holds nothing that a VO needs, or secrets of users. It is left where it is.',
    decided: undefined,
    choices: [],
    count: rows.size,
    examples: [...rows]
      .map(([table, count]) => `${table}: ${count === undefined ? 'not read' : `${count} rows`}`)
      .sort(),
  }
}

function checkTables({ tables }: RowSource, { required, title }: SourceKind): void {
  const missing = Object.keys(required).filter(name => !tables.has(name))
  if (missing.length === 0) return
  const hint = tables.has('iam_account')
    ? ' (it is one of INDIGO IAM: import iam)'
    : tables.has('acl2')
      ? ' (it is one of VOMS Admin: import voms-admin)'
      : ''
  throw new ImportError(
    'IMPORT_OTHER_PROGRAM',
    `no database of ${title}${hint}: it has no table ${missing.join(', ')}`,
  )
}

function checkColumns({ name, columns }: SourceTable, { required, title }: SourceKind): void {
  const missing = (required[name] ?? []).filter(column => !columns.some(known => known.name === column))
  if (missing.length === 0) return
  throw new ImportError(
    'IMPORT_VERSION',
    `the table ${name} has no column ${missing.join(', ')}: a schema of ${title} that is not known`,
  )
}

async function countDirectory(tx: Queryable, voId: string): Promise<ImportCounts> {
  const [row] = await tx.query<Record<keyof ImportCounts, string>>(
    `select
       (select count(*) from vouchd.member where vo_id = $1) as members,
       (select count(*) from vouchd.certificate where vo_id = $1) as certificates,
       (select count(*) from vouchd.certificate where vo_id = $1 and suspended) as "suspendedCertificates",
       (select count(*) from vouchd.vo_group where vo_id = $1) as groups,
       (select count(*) from vouchd.role where vo_id = $1) as roles,
       (select count(*) from vouchd.holding where vo_id = $1) as holdings,
       (select count(*) from pg_temp.import_ca) as cas,
       (select count(*) from vouchd.member_attribute where vo_id = $1)
         + (select count(*) from vouchd.group_attribute where vo_id = $1)
         + (select count(*) from vouchd.role_attribute where vo_id = $1) as attributes,
       (select count(*) from vouchd.imported_row where vo_id = $1) as "otherRows"`,
    [voId],
  )
  const counts = Object.entries(row!).map(([name, value]) => [name, Number(value)])
  return Object.fromEntries(counts) as ImportCounts
}
