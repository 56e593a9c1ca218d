import { hash } from 'node:crypto'
import { askUntil } from '../store/askUntil.ts'
import type { Database, Queryable, Row } from '../store/database.ts'
import { within } from '../within.ts'

/** What has changed: undefined VO is every VO, undefined member everyone in it. */
export interface Change {
  readonly vo: string | undefined
  readonly member: string | undefined
}

/** What a poll brought. */
export interface Polled {
  readonly changes: readonly Change[]
  /** Differs after each change, and is the same for all who have seen the same; undefined: not known. */
  readonly version: number | undefined
}

export interface WatchOptions {
  readonly pollMs: number
  /** After which a poll counts as failed. */
  readonly timeoutMs: number
  /** A query whose single value changes with every change; undefined: vouchd's own record of changes. */
  readonly versionQuery: string | undefined
  /** Only learn whether the database answers: views of which nobody knows when they change. */
  readonly onlyContact: boolean
  /** Called in this order after each poll; its changes are none after most. */
  readonly onPolled: (polled: Polled) => void
  readonly onFailed: (cause: unknown) => void
  /** After each poll: whether it was answered, after how many milliseconds. */
  readonly onAsked: (ok: boolean, ms: number) => void
  readonly monotonic: () => number
}

export interface Watch {
  /** Polls now rather than at the next turn. */
  hurry(): void
  close(): Promise<void>
}

/**
 * Asks once, knowing what was seen before, and hands back the poll to come. One that answers after it was
 * given up leaves no trace, so that what it brought is brought again.
 */
type Poll = (db: Queryable) => Promise<Polled & { readonly next: Poll }>

// Many commits a second are one poll, not many; far below the second that is promised.
const HURRY_MS = 20

const EVERYTHING: readonly Change[] = [{ vo: undefined, member: undefined }]
const NOTHING: readonly Change[] = []

/**
 * Asks the database every `pollMs` what has changed, and at once when it notifies. The poll is the truth, the
 * notification a hint. The first poll, and one after which it is unsure what was missed, report everything.
 */
export function watchChanges(db: Database, options: WatchOptions): Watch {
  let poll: Poll = options.onlyContact
    ? contactPoll
    : options.versionQuery === undefined
      ? changePoll(undefined)
      : versionPoll(options.versionQuery, undefined)
  let timer: NodeJS.Timeout | undefined
  let polling = false
  let hurried = false
  let closed = false

  async function turn() {
    clearTimeout(timer)
    polling = true
    hurried = false
    const since = options.monotonic()
    try {
      const polled = await within(options.timeoutMs, signal => poll(askUntil(signal, db)))
      if (!closed) options.onAsked(true, options.monotonic() - since)
      poll = polled.next
      if (!closed) options.onPolled(polled)
    } catch (cause) {
      if (!closed) options.onAsked(false, options.monotonic() - since)
      if (!closed) options.onFailed(cause)
    }
    polling = false
    if (closed) return
    schedule(hurried ? HURRY_MS : options.pollMs)
  }

  function schedule(ms: number) {
    clearTimeout(timer)
    timer = setTimeout(turn, ms)
    timer.unref()
  }

  function hurry() {
    if (closed || hurried) return
    hurried = true
    if (!polling) schedule(HURRY_MS)
  }

  const usesNotify = !options.onlyContact && options.versionQuery === undefined
  const stop = usesNotify ? db.listen('vouchd_change', hurry).catch(() => undefined) : undefined
  void turn()
  return {
    hurry,
    async close() {
      closed = true
      clearTimeout(timer)
      const stopListening = await within(options.timeoutMs, Promise.resolve(stop)).catch(() => undefined)
      await stopListening?.().catch(() => {})
    },
  }
}

// Rows of vouchd.change are kept for at least an hour after they became visible. Half of it between two polls,
// by the server's own clock, and some may have been removed unseen.
const MAX_GAP_SECONDS = 1800
// More rows than this are not worth telling apart.
const MAX_CHANGES = 2000

interface ChangeRow extends Row {
  snapshot: string
  xmax: string
  at: number
  server: string
  version: string | null
  changed: boolean
  vo: string | null
  member: string | null
}

interface LastSeen {
  readonly snapshot: string
  readonly xmax: bigint
  readonly at: number
  readonly server: string
}

/** What became visible since the snapshot of the poll before: commits out of order included. */
function changePoll(before: LastSeen | undefined): Poll {
  return async db => {
    const rows = await db.query<ChangeRow>(
      `select s.*, c.id is not null as changed, c.vo, c.member
       from (select pg_current_snapshot()::text as snapshot,
                    pg_snapshot_xmax(pg_current_snapshot())::text as xmax,
                    extract(epoch from clock_timestamp())::float8 as at,
                    pg_postmaster_start_time()::text as server,
                    (select max(id) from vouchd.change) as version) s
       left join vouchd.change c
         on c.txid >= pg_snapshot_xmin($1::pg_snapshot) and not pg_visible_in_snapshot(c.txid, $1::pg_snapshot)
       limit ${MAX_CHANGES + 1}`,
      [before?.snapshot ?? null],
    )
    const [first] = rows
    if (first === undefined) throw new Error('the poll returned no row')
    const last = { snapshot: first.snapshot, xmax: BigInt(first.xmax), at: first.at, server: first.server }
    const next = changePoll(last)
    // The newest change is never removed before the next one is there.
    const version = Number(first.version ?? 0)
    const unsure =
      before === undefined ||
      before.server !== last.server ||
      // Transaction numbers never go back, except in a copy restored from an earlier time.
      last.xmax < before.xmax ||
      last.at - before.at > MAX_GAP_SECONDS ||
      rows.length > MAX_CHANGES
    if (unsure) return { changes: EVERYTHING, version, next }
    if (!first.changed) return { changes: NOTHING, version, next }
    return {
      changes: rows.map(({ vo, member }) => ({ vo: vo ?? undefined, member: member ?? undefined })),
      version,
      next,
    }
  }
}

function versionPoll(versionQuery: string, before: string | undefined): Poll {
  return async db => {
    const rows = await db.query(versionQuery)
    const version = JSON.stringify(rows.map(row => Object.values(row)))
    const changes = version === before ? NOTHING : EVERYTHING
    return { changes, version: shortened(version), next: versionPoll(versionQuery, version) }
  }
}

/** A number that stands for a version of any type. */
function shortened(version: string): number {
  return Number.parseInt(hash('sha256', version).slice(0, 12), 16)
}

const contactPoll: Poll = async db => {
  await db.query('select 1')
  return { changes: NOTHING, version: undefined, next: contactPoll }
}
