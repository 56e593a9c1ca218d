import type { Clock } from '../clock.ts'
import type { ResolutionMode } from '../resolve/types.ts'
import type { Database, Queryable } from '../store/database.ts'
import { DECISION_KINDS, DECISIONS, type Decisions } from './decisions.ts'
import type { DirectoryChange } from './directoryChanges.ts'
import type { FoundItem, ImportFinding } from './findings.ts'
import { FOLLOW_PLANS } from './followPlans.ts'
import { importMembers, NeedsEverything } from './importMembers.ts'
import { type ImportResult, importSource } from './importSource.ts'
import type { Changes } from './mergeModel.ts'
import type { MysqlDatabase } from './mysqlDatabase.ts'
import { chunkMembers, compareProbes, type Probe, probeSource, selectTables } from './probeSource.ts'
import type { SourceKind } from './SourceKind.ts'

export interface FollowOptions {
  readonly clock: Clock
  readonly kind: SourceKind
  readonly vo: string
  readonly decisions?: Partial<Decisions>
  readonly resolution?: ResolutionMode
  readonly onChange?: (change: DirectoryChange) => void | Promise<void>
  /** Told of what needs a look or a decision, whenever everything is read. */
  readonly onFound?: (item: FoundItem) => void | Promise<void>
}

/** What one look at the source came to. */
export interface FollowTurn {
  /** members: only those that changed were read again. */
  readonly kind: 'unchanged' | 'members' | 'everything'
  readonly changes: Readonly<Record<string, Changes>>
  /** Of the last time that everything was read. */
  readonly findings: readonly ImportFinding[]
  /** Of an import of everything. */
  readonly result: ImportResult | undefined
}

interface State {
  readonly probe: Probe
  /** How it was decided: other decisions make another directory. */
  readonly decisions: string
  /** Members may be read alone: nothing was decided by looking at all of them. */
  readonly separable: boolean
}

/** Runs of members that one transaction brings over: with the embedded database, look-ups wait for it. */
const CHUNKS_AT_ONCE = 16

/**
 * Looks at a live source once, and brings the VO to what it says now: in one snapshot, reading only what changed
 * since the last look, each transaction whole. The VO is marked as followed. Throws SourceError, ImportError,
 * DatabaseError.
 */
export async function followSource(
  source: MysqlDatabase,
  db: Database,
  options: FollowOptions,
): Promise<FollowTurn> {
  const { kind, vo } = options
  const plan = FOLLOW_PLANS[kind.name]
  await source.snapshot()
  const known = await readState(db, vo, source.name)
  const withPolicies = (options.resolution ?? known?.resolution ?? kind.resolution) === 'iam'
  const probe = await probeSource(source, plan, withPolicies)
  const decided = JSON.stringify(options.decisions ?? {})
  const before = known?.state
  const difference =
    before === undefined || before.decisions !== decided
      ? ({ kind: 'everything' } as const)
      : compareProbes(before.probe, probe)
  if (difference.kind === 'none') return { kind: 'unchanged', changes: {}, findings: [], result: undefined }
  if (difference.kind === 'members' && before?.separable && !touchesEverybody(before.probe, probe, kind)) {
    try {
      return await followMembers(source, db, options, { ...before, probe }, before.probe, difference.chunks)
    } catch (cause) {
      if (!(cause instanceof NeedsEverything)) throw cause
    }
  }
  return followEverything(source, db, options, probe, decided, withPolicies)
}

/** Whether a table changed that members cannot be read apart from. */
function touchesEverybody(before: Probe, now: Probe, kind: SourceKind): boolean {
  const { members, policies, shared } = FOLLOW_PLANS[kind.name]
  const separate = Object.keys(members).length > 0
  const tables = separate ? policies : [...policies, ...shared]
  return tables.some(table => before.shared[table] !== now.shared[table])
}

async function followEverything(
  source: MysqlDatabase,
  db: Database,
  options: FollowOptions,
  probe: Probe,
  decisions: string,
  withPolicies: boolean,
): Promise<FollowTurn> {
  const { kind, vo } = options
  const selections = selectTables(FOLLOW_PLANS[kind.name], undefined, withPolicies)
  const result = await importSource(source.source(selections), kind, vo, db, {
    ...options,
    followedFrom: source.name,
    policies: withPolicies,
    andThen: async (tx, voId, findings) => {
      const separable =
        isSeparable(options.decisions) && !findings.some(({ kind }) => kind === 'certificate-of-two-members')
      await writeState(tx, voId, source.name, { probe, decisions, separable })
    },
  })
  return { kind: 'everything', changes: result.changes, findings: result.findings, result }
}

/** Decisions that look at one member at a time: whatever keeps members and certificates as they are. */
function isSeparable(decisions: Partial<Decisions> = {}): boolean {
  return DECISION_KINDS.every(kind => {
    const decided = decisions[kind] ?? DECISIONS[kind][0]
    return kind === 'suspended-member'
      ? decided === 'enforce' || decided === 'certificates'
      : decided === DECISIONS[kind][0]
  })
}

/** Some runs of members at a time, each with the state that it leads to. */
async function followMembers(
  source: MysqlDatabase,
  db: Database,
  options: FollowOptions,
  goal: State,
  before: Probe,
  chunks: readonly string[],
): Promise<FollowTurn> {
  const { kind } = options
  const plan = FOLLOW_PLANS[kind.name]
  const changes: Record<string, Changes> = {}
  let reached = before.chunks
  for (let first = 0; first === 0 || first < chunks.length; first += CHUNKS_AT_ONCE) {
    const some = chunks.slice(first, first + CHUNKS_AT_ONCE)
    const isLast = first + CHUNKS_AT_ONCE >= chunks.length
    reached = withChunks(reached, goal.probe.chunks, some)
    const probe = isLast ? goal.probe : { ...before, chunks: reached }
    const made = await importMembers(source.source(selectTables(plan, some, false)), db, {
      ...options,
      followedFrom: source.name,
      sourceIds: chunkMembers(some),
      andThen: (tx, voId) => writeState(tx, voId, source.name, { ...goal, probe }),
    })
    for (const [table, made_] of Object.entries(made)) changes[table] = add(changes[table], made_)
  }
  return { kind: 'members', changes, findings: [], result: undefined }
}

function withChunks(from: Probe['chunks'], to: Probe['chunks'], chunks: readonly string[]): Probe['chunks'] {
  const next = { ...from }
  for (const chunk of chunks) {
    const digest = to[chunk]
    if (digest === undefined) delete next[chunk]
    else next[chunk] = digest
  }
  return next
}

function add(a: Changes = { inserted: 0, updated: 0, deleted: 0 }, b: Changes): Changes {
  return {
    inserted: a.inserted + b.inserted,
    updated: a.updated + b.updated,
    deleted: a.deleted + b.deleted,
  }
}

async function readState(
  db: Queryable,
  vo: string,
  source: string,
): Promise<{ resolution: ResolutionMode; state: State | undefined } | undefined> {
  const [row] = await db.query<{ resolution: ResolutionMode; state: State | null }>(
    `select v.resolution, s.state from vouchd.vo v
     left join vouchd.follow_state s on s.vo_id = v.id and s.source = $2 and v.followed_from = $2
     where v.name = $1`,
    [vo, source],
  )
  return row && { resolution: row.resolution, state: row.state ?? undefined }
}

async function writeState(tx: Queryable, voId: string, source: string, state: State): Promise<void> {
  await tx.query(
    `insert into vouchd.follow_state (vo_id, source, state) values ($1, $2, $3::jsonb)
     on conflict (vo_id) do update set source = excluded.source, state = excluded.state, at = clock_timestamp()`,
    [voId, source, JSON.stringify(state)],
  )
}
