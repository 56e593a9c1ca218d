import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Clock } from '../clock.ts'
import type { Database, Queryable } from '../store/database.ts'
import { findFindings, type ImportFinding } from './findings.ts'
import { ImportError } from './ImportError.ts'
import { type Changes, type MergeOptions, mergeModel, prepareModel } from './mergeModel.ts'
import { MysqldumpReader } from './mysqldump.ts'
import { createStaging } from './stageModel.ts'
import { REQUIRED_TABLES, toModelRow } from './vomsAdmin.ts'

export interface ImportProgress {
  readonly phase: 'reading' | 'comparing' | 'writing'
  readonly bytes: number
  readonly totalBytes: number
  readonly rows: number
}

export interface ImportOptions extends Partial<MergeOptions> {
  readonly clock: Clock
  /** Do everything, report it, and undo it. */
  readonly dryRun?: boolean
  readonly onProgress?: (progress: ImportProgress) => void
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
  readonly dryRun: boolean
  /** The VO was not there before. */
  readonly created: boolean
  readonly schemaVersion: number
  readonly counts: ImportCounts
  readonly changes: Readonly<Record<string, Changes>>
  readonly findings: readonly ImportFinding[]
}

/**
 * Imports a mysqldump of a VOMS Admin database (schema version 2 or 3) into one VO of the directory, which is
 * made if it is not there. All of it in one transaction: on any error nothing is changed. Again with the same
 * file it changes nothing; with a newer one, the VO's imported part becomes what that says. Membership ends are
 * kept but not enforced in a new VO.
 *
 * Throws DumpError (with line and byte), ImportError, DatabaseError, and the file system's own errors.
 */
export async function importVomsAdmin(
  file: string,
  vo: string,
  db: Database,
  options: ImportOptions,
): Promise<ImportResult> {
  let result: ImportResult | undefined
  try {
    await db.transaction(async tx => {
      result = await importInto(tx, file, vo, options)
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
  file: string,
  vo: string,
  options: ImportOptions,
): Promise<ImportResult> {
  // Two imports at once would stage and delete each other's rows.
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('vouchd.import', 0))`)
  await tx.query('set local statement_timeout = 0')
  const progress = await stageDump(tx, file, options)
  const schemaVersion = await checkModel(tx, vo)

  options.onProgress?.({ ...progress, phase: 'comparing' })
  await prepareModel(tx, vo, schemaVersion)
  const findings = await findFindings(tx, vo, options.clock.now())

  options.onProgress?.({ ...progress, phase: 'writing' })
  const { voId, created } = await openVo(tx, vo, file)
  const changes = await mergeModel(tx, voId, { suspendedMembers: options.suspendedMembers ?? 'enforce' })
  const counts = await countDirectory(tx, voId)
  return { vo, dryRun: options.dryRun ?? false, created, schemaVersion, counts, changes, findings }
}

async function stageDump(tx: Queryable, file: string, options: ImportOptions): Promise<ImportProgress> {
  const { size: totalBytes } = await stat(file)
  const reader = new MysqldumpReader()
  const staging = await createStaging(tx)
  let rows = 0
  const progress = (): ImportProgress => ({ phase: 'reading', bytes: reader.offset, totalBytes, rows })
  for await (const chunk of createReadStream(file)) {
    for (const row of reader.push(chunk as Buffer)) {
      await staging.add(toModelRow(row))
      rows++
    }
    options.onProgress?.(progress())
  }
  reader.end()
  await staging.finish()
  checkTables(reader)
  return progress()
}

function checkTables({ tables }: MysqldumpReader): void {
  const missing = REQUIRED_TABLES.filter(name => !tables.has(name))
  if (missing.length === 0) return
  const hint = tables.has('iam_account') ? ' (it is one of INDIGO IAM)' : ''
  throw new ImportError(
    'IMPORT_NOT_VOMS_ADMIN',
    `no dump of a VOMS Admin database${hint}: it has no table ${missing.join(', ')}`,
  )
}

/** The schema version, and that the dump is of this VO. */
async function checkModel(tx: Queryable, vo: string): Promise<number> {
  const [row] = await tx.query<{ version: number | null }>(
    'select max(version) as version from pg_temp.import_version',
  )
  const version = row?.version ?? 0
  if (version !== 2 && version !== 3) {
    throw new ImportError(
      'IMPORT_VERSION',
      `VOMS Admin schema version ${version} is not known: it has to be 2 or 3`,
    )
  }
  const roots = await tx.query<{ path: string }>(
    `select path from pg_temp.import_vo_group where path !~ '^/.*/' order by path limit 10`,
  )
  if (!roots.some(({ path }) => path === `/${vo}`)) {
    const found = roots.map(({ path }) => path).join(', ') || 'none'
    throw new ImportError('IMPORT_OTHER_VO', `the dump has no group /${vo}; its root group is ${found}`)
  }
  return version
}

/** The VO's id; made where it is missing. Tells the audit who changes what, and why. */
async function openVo(tx: Queryable, vo: string, file: string): Promise<{ voId: string; created: boolean }> {
  await tx.query(
    `select set_config('vouchd.actor', 'import voms-admin', true), set_config('vouchd.reason', $1, true)`,
    [file],
  )
  // Ends of memberships refuse nobody at the server that is replaced.
  const [made] = await tx.query<{ id: string }>(
    `insert into vouchd.vo (name, enforce_end_dates) values ($1, false) on conflict (name) do nothing returning id`,
    [vo],
  )
  if (made !== undefined) {
    // The first import of a VO leaves a summary in the audit, not a row for each of its rows.
    await tx.query(`select set_config('vouchd.audit', 'summary', true)`)
    return { voId: String(made.id), created: true }
  }
  const [known] = await tx.query<{ id: string }>('select id from vouchd.vo where name = $1', [vo])
  return { voId: String(known!.id), created: false }
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
