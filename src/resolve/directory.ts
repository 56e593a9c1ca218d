import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import type { DirectoryConfig } from '../config/types.ts'
import { VomsError } from '../errors.ts'
import { askUntil } from '../store/askUntil.ts'
import { toDatabaseError } from '../store/DatabaseError.ts'
import type { Database } from '../store/database.ts'
import { within } from '../within.ts'
import { type Found, fetchHolder } from './fetchHolder.ts'
import { judgeEnd } from './judgeEnd.ts'
import type { Directory, HolderNames } from './types.ts'
import { type Change, watchChanges } from './watchChanges.ts'

/** What happens to the directory; for log and metrics. No event holds a name of a person. */
export type DirectoryEvent =
  | { readonly kind: 'away'; readonly cause: unknown }
  | { readonly kind: 'back' }
  /** The database answers, but refuses what it is asked: a view is missing or may not be read. */
  | { readonly kind: 'refused'; readonly cause: unknown }
  /** How many cached members changes took away; `all`: not single ones but a VO or everything. */
  | { readonly kind: 'forgotten'; readonly count: number; readonly all: boolean }
  /** hit: cached and known to be right. grace: cached, while the database is away. */
  | { readonly kind: 'lookup'; readonly result: 'hit' | 'miss' | 'grace' | 'failed' }
  /** The database was asked, for a member or for changes, and answered or not after so long. */
  | {
      readonly kind: 'asked'
      readonly query: 'lookup' | 'changes'
      readonly ok: boolean
      readonly seconds: number
    }
  /**
   * The cache is as new as the database was a moment ago. `atMost`: when there were changes, the longest that one
   * of them can have waited.
   */
  | {
      readonly kind: 'refreshed'
      readonly version: number | undefined
      readonly atMostSeconds: number | undefined
    }

export interface DirectoryDeps {
  readonly db: Database
  /** When memberships end is judged by this one. */
  readonly clock: Clock
  /** Milliseconds from anywhere, never going back: for ages. */
  readonly monotonic: () => number
  readonly onEvent: (event: DirectoryEvent) => void
}

/** Not settings: each has its reason beside its default. Tests make them short. */
export interface DirectoryTimes {
  readonly pollMs: number
  readonly lookupMs: number
  readonly freshMs: number
  readonly unknownMs: number
}

export const DIRECTORY_TIMES: DirectoryTimes = {
  // A change is promised to bite within a second where its notification is lost.
  pollMs: 1_000,
  // A client is told of a database problem within two seconds. The rest of them is for what goes before and after on a
  // busy machine: the handshake, the chain and the answer. It rules all that the database is asked for one request.
  lookupMs: 1_500,
  // A poll every second may take one and be late by one; after that cached answers are asked for again.
  freshMs: 3_000,
  // A certificate that is not registered may well be registered by a way that leaves no record of changes.
  unknownMs: 5_000,
}

export interface CachedDirectory extends Directory {
  /** The database has answered since the start, and what it answers can be used. */
  ready(): boolean
  /** It does not answer now: cached members are served for the grace, others are refused at once. */
  away(): boolean
  /** Members in the cache. */
  size(): number
  /** Looks for changes now. */
  refresh(): void
  close(): Promise<void>
}

interface Entry {
  readonly found: Exclude<Found, { kind: 'unknown' | 'ambiguous' }>
  readonly vo: string
  readonly matchSubjectOnly: boolean
  /** When it was asked for. */
  readonly since: number
}

interface Flight {
  readonly vo: string
  readonly answer: Promise<Found>
}

// A holder of an unregistered certificate who asks again and again costs a query each few seconds. Strangers
// have a small cache of their own, so that they drive no member out.
const MAX_UNKNOWN = 1_000
// Beyond this a look-up would wait longer for a connection than a client waits for an answer.
const MAX_FLIGHTS = 512

/** The members of all VOs, resolved through the two views, cached, and forgotten when they change. */
export function createDirectory(
  config: DirectoryConfig,
  deps: DirectoryDeps,
  times: DirectoryTimes = DIRECTORY_TIMES,
): CachedDirectory {
  const { db, clock, monotonic, onEvent } = deps
  const tracked = config.versionQuery !== undefined || hasOwnViews(config)
  const members = createMemberCache(config.cacheMembers)
  const unknown = new LRUCache<string, { found: Found; vo: string; since: number }>({ max: MAX_UNKNOWN })
  const flights = new Map<string, Flight>()
  let lastPolled = Number.NEGATIVE_INFINITY
  let isAway = false
  let everAnswered = false

  const watch = watchChanges(db, {
    pollMs: times.pollMs,
    timeoutMs: times.lookupMs,
    versionQuery: config.versionQuery,
    onlyContact: !tracked,
    onPolled({ changes, version }) {
      const before = lastPolled
      lastPolled = monotonic()
      forget(changes)
      const waited = everAnswered && changes.length > 0 ? (lastPolled - before) / 1000 : undefined
      onEvent({ kind: 'refreshed', version, atMostSeconds: waited })
      everAnswered = true
      if (isAway) onEvent({ kind: 'back' })
      isAway = false
    },
    onFailed: failed,
    onAsked: (ok, ms) => onEvent({ kind: 'asked', query: 'changes', ok, seconds: ms / 1000 }),
    monotonic,
  })

  function forget(changes: readonly Change[]) {
    if (changes.length === 0) return
    let count = 0
    for (const [vo, changed] of byVo(changes)) {
      count += members.forget(vo, changed)
      for (const [key, entry] of unknown) if (vo === undefined || entry.vo === vo) unknown.delete(key)
      // What these are about to bring may have been read before the change. Nobody joins them any more.
      for (const [key, flight] of flights) if (vo === undefined || flight.vo === vo) flights.delete(key)
    }
    onEvent({ kind: 'forgotten', count, all: changes.some(({ member }) => member === undefined) })
  }

  function failed(cause: unknown) {
    if (toDatabaseError(cause).kind !== 'unavailable') return onEvent({ kind: 'refused', cause })
    if (!isAway) onEvent({ kind: 'away', cause })
    isAway = true
  }

  /** One question to the database for all who ask the same at the same time. */
  function fetch(key: string, vo: string, holder: HolderNames, matchSubjectOnly: boolean): Promise<Found> {
    const running = flights.get(key)
    if (running !== undefined) return running.answer
    if (flights.size >= MAX_FLIGHTS) throw new VomsError('overloaded', { vo })
    const since = monotonic()
    const answer = within(times.lookupMs, signal =>
      fetchHolder(askUntil(signal, db), config, vo, holder, matchSubjectOnly),
    ).then(found => {
      // Only while nothing has changed since it was asked: see forget.
      if (flights.get(key) === flight) keep(key, { found, vo, matchSubjectOnly, since })
      return found
    })
    const flight: Flight = { vo, answer }
    flights.set(key, flight)
    const land = () => {
      if (flights.get(key) === flight) flights.delete(key)
    }
    const asked = (ok: boolean) =>
      onEvent({ kind: 'asked', query: 'lookup', ok, seconds: (monotonic() - since) / 1000 })
    const landed = () => {
      land()
      asked(true)
    }
    answer.then(landed, cause => {
      land()
      asked(false)
      failed(cause)
    })
    return answer
  }

  function keep(key: string, entry: { found: Found } & Omit<Entry, 'found'>) {
    const { found } = entry
    if (found.kind === 'unknown' || found.kind === 'ambiguous') unknown.set(key, entry)
    else members.set(key, { ...entry, found })
  }

  /** The database has been asked for changes just now, or the entry itself is young enough to do without. */
  function isFresh(entry: { since: number }, maxMs: number): boolean {
    const now = monotonic()
    return now - entry.since <= maxMs && (!tracked || now - lastPolled <= times.freshMs)
  }

  function isWithinGrace(entry: Entry): boolean {
    const knownRight = tracked ? lastPolled : entry.since
    return monotonic() - knownRight <= config.graceSeconds * 1000
  }

  async function find(vo: string, holder: HolderNames, matchSubjectOnly: boolean): Promise<Found> {
    const key = cacheKey(vo, holder, matchSubjectOnly)
    const entry = members.get(key)
    if (entry !== undefined && isFresh(entry, config.cacheSeconds * 1000)) return told('hit', entry.found)
    const stranger = unknown.get(key)
    if (stranger !== undefined && !isAway && isFresh(stranger, times.unknownMs))
      return told('hit', stranger.found)
    try {
      if (isAway) throw new VomsError('database', { vo })
      return told('miss', await fetch(key, vo, holder, matchSubjectOnly))
    } catch (cause) {
      // Looked up again: a change may have taken it away meanwhile.
      const cached = members.get(key)
      if (cached !== undefined && isWithinGrace(cached)) return told('grace', cached.found)
      onEvent({ kind: 'lookup', result: 'failed' })
      throw cause instanceof VomsError ? cause : new VomsError('database', { vo }, cause)
    }
  }

  function told(result: 'hit' | 'miss' | 'grace', found: Found): Found {
    onEvent({ kind: 'lookup', result })
    return found
  }

  return {
    async lookup(vo, holder, matchSubjectOnly) {
      return judgeEnd(await find(vo, holder, matchSubjectOnly), clock.now())
    },
    ready: () => everAnswered,
    away: () => isAway,
    size: () => members.size(),
    refresh: () => watch.hurry(),
    close: () => watch.close(),
  }
}

function hasOwnViews(config: DirectoryConfig): boolean {
  return config.holdingsView === 'vouchd.holdings' && config.attributesView === 'vouchd.attributes'
}

/** By subject alone, the issuer is no part of the question. */
function cacheKey(vo: string, { subject, issuer }: HolderNames, matchSubjectOnly: boolean): string {
  const names = matchSubjectOnly ? subject.der : Buffer.concat([subject.der, issuer.der])
  return `${matchSubjectOnly ? 's' : 'b'}${hash('sha256', names, 'base64')}${vo}`
}

/** Entries by holder, found again by their member. Holds no more than `max`, the last used. */
function createMemberCache(max: number) {
  const keysOf = new Map<string, Set<string>>()
  const bySubject = new Set<string>()
  const nameOf = (vo: string, member: string) => `${member}\0${vo}`
  const memberId = ({ found }: Entry) => (found.kind === 'member' ? found.member.id : found.memberId)
  const entries = new LRUCache<string, Entry>({
    max: Math.max(max, 1),
    dispose(entry, key) {
      bySubject.delete(key)
      const name = nameOf(entry.vo, memberId(entry))
      const keys = keysOf.get(name)
      keys?.delete(key)
      if (keys?.size === 0) keysOf.delete(name)
    },
  })

  function drop(keys: readonly string[]): number {
    let count = 0
    for (const key of keys) if (entries.delete(key)) count++
    return count
  }

  return {
    get: (key: string) => entries.get(key),
    size: () => entries.size,
    set(key: string, entry: Entry) {
      if (max === 0) return
      entries.set(key, entry)
      if (entry.matchSubjectOnly) bySubject.add(key)
      const name = nameOf(entry.vo, memberId(entry))
      const keys = keysOf.get(name) ?? new Set()
      keysOf.set(name, keys.add(key))
    },
    /** Takes away what changes of one VO (undefined: of all) concern, and says how many. */
    forget(vo: string | undefined, changed: ChangedMembers): number {
      const inVo = (key: string) => vo === undefined || entries.peek(key)?.vo === vo
      if (vo === undefined || changed === 'everyone') return drop([...entries.keys()].filter(inVo))
      // Another member's new certificate may have made a subject ambiguous.
      const subjects = [...bySubject].filter(inVo)
      return drop([
        ...subjects,
        ...[...changed].flatMap(member => [...(keysOf.get(nameOf(vo, member)) ?? [])]),
      ])
    },
  }
}

type ChangedMembers = ReadonlySet<string> | 'everyone'

function byVo(changes: readonly Change[]): ReadonlyMap<string | undefined, ChangedMembers> {
  const grouped = new Map<string | undefined, Set<string> | 'everyone'>()
  for (const { vo, member } of changes) {
    const known = grouped.get(vo) ?? new Set()
    grouped.set(vo, member === undefined || known === 'everyone' ? 'everyone' : known.add(member))
  }
  return grouped
}
