import { availableParallelism } from 'node:os'
import { type Audit, type AuditHeads, openAudit, openAuditHeads } from '../audit/openAudit.ts'
import { type Authenticator, createAuthenticator } from '../authenticate/authenticate.ts'
import { after } from '../authenticate/trust/after.ts'
import {
  createTrustStore,
  type ReloadResult,
  type TrustStore,
} from '../authenticate/trust/createTrustStore.ts'
import { createVomsdir, type Vomsdir } from '../authenticate/trust/createVomsdir.ts'
import { watchFolder } from '../authenticate/trust/watchFolder.ts'
import { SetupError } from '../check/SetupError.ts'
import { unknownVos } from '../check/unknownVos.ts'
import type { Config } from '../config/types.ts'
import type { Events } from '../events.ts'
import { createInlineSigner } from '../issue/sign/inline.ts'
import type { SignerObserver } from '../issue/sign/observer.ts'
import { createSignerPool } from '../issue/sign/pool.ts'
import { concurrency } from '../issue/sign/poolSize.ts'
import type { Signer, SigningKey } from '../issue/types.ts'
import { countAudit, measureFreeSpace } from '../observe/countAudit.ts'
import { countDirectory, countReload, signerObserver } from '../observe/countServing.ts'
import { type CachedDirectory, createDirectory, type DirectoryEvent } from '../resolve/directory.ts'
import type { ServerDeps } from '../server.ts'
import { DatabaseError } from '../store/DatabaseError.ts'
import type { Database } from '../store/database.ts'
import { type SchemaProblem, schemaProblem, schemaState } from '../store/migrate.ts'
import { openStore } from '../store/openStore.ts'
import { allOrFirstFailure, keepOrOpen, type Part } from './part.ts'

/** What the VOs of a process share. */
export interface Parts {
  readonly trust: Part<TrustStore>
  readonly authenticator: Part<Authenticator>
  readonly vomsdir: Part<Vomsdir>
  readonly store: Part<Database>
  readonly directory: Part<WatchedDirectory>
  readonly signers: Part<Signers>
  readonly auditHeads: Part<AuditHeads>
  readonly audit: Part<Audit>
}

export interface WatchedDirectory extends CachedDirectory {
  /** Milliseconds that the database has been away; 0 while it answers. */
  awayMs(): number
}

export interface Signers {
  signer(key: SigningKey): Promise<Signer>
}

// A package update or fetch-crl is through with its files in less; a new CRL is to bite within five seconds.
const TRUST_DEBOUNCE_MS = 2_000

export interface PartsDeps extends ServerDeps {
  /** How many ACs this process is about to issue: requests under way, and connections that are about to ask. */
  readonly expected: () => number
}

/** Opens what differs from `before`, and keeps the rest. Throws what makes it impossible. */
export async function openParts(
  config: Config,
  before: Parts | undefined,
  opened: AsyncDisposableStack,
  deps: PartsDeps,
): Promise<Parts> {
  const [trust, [store, directory], signers] = await allOrFirstFailure<
    [Part<TrustStore>, [Part<Database>, Part<WatchedDirectory>], Part<Signers>]
  >([
    openTrust(config, before?.trust, opened, deps),
    openDirectory(config, before, opened, deps),
    openSigners(config, before?.signers, opened, deps),
  ])
  if (before !== undefined && before.trust !== trust) refuseWithoutCas(config, trust.value)
  const authenticator = await keepOrOpen(
    before?.authenticator,
    { settings: config.authentication, uses: [trust] },
    opened,
    () => ({ value: authenticatorOver(trust.value, config, deps), close() {} }),
  )
  const vomsdir = await keepOrOpen(
    before?.vomsdir,
    { settings: config.trust.vomsdir, uses: [] },
    opened,
    () => ({ value: openVomsdir(config, deps.events), close() {} }),
  )
  const [auditHeads, audit] = await openAuditParts(config, before, opened, deps)
  return { trust, authenticator, vomsdir, store, directory, signers, auditHeads, audit }
}

/** Another log is opened beside the one in use; the signer of heads stays, since a folder has but one. */
async function openAuditParts(
  { audit: settings }: Config,
  before: Parts | undefined,
  opened: AsyncDisposableStack,
  deps: PartsDeps,
): Promise<[Part<AuditHeads>, Part<Audit>]> {
  const { clock, monotonic, events, worker, expected } = deps
  const { enabled, folder, headKey } = settings
  const { registry } = events.metrics
  const observer = enabled ? countAudit(registry) : undefined
  const auditDeps = { clock, monotonic, events, worker, observer, expected }
  const heads = await keepOrOpen(
    before?.auditHeads,
    { settings: { enabled, folder, headKey }, uses: [] },
    opened,
    async () => {
      const value = await openAuditHeads(settings, auditDeps)
      return { value, close: () => value.close() }
    },
  )
  const audit = await keepOrOpen(before?.audit, { settings, uses: [heads] }, opened, async () => {
    const value = await openAudit(settings, heads.value, auditDeps)
    const stopMeasuring = enabled ? measureFreeSpace(registry, folder) : () => {}
    return {
      value,
      async close() {
        stopMeasuring()
        await value.close()
      },
    }
  })
  return [heads, audit]
}

/** The trust directory's own rules decide what is taken; they keep what was good. */
async function openTrust(
  { trust: { directory, pollSeconds } }: Config,
  before: Part<TrustStore> | undefined,
  opened: AsyncDisposableStack,
  { clock, events }: ServerDeps,
): Promise<Part<TrustStore>> {
  const part = await keepOrOpen(before, { settings: { directory, pollSeconds }, uses: [] }, opened, () => {
    const note = trustNotes(events)
    const trust = createTrustStore(
      { folder: directory, pollSeconds, debounceMs: TRUST_DEBOUNCE_MS },
      {
        clock,
        after,
        watch: watchFolder,
        onReload: result => {
          note(result)
          const loaded = result.outcome === 'changed' || result.outcome === 'unchanged'
          // A file for which an older one stands in was not taken, and somebody has to see to it.
          const taken = loaded && result.summary.standIns === 0
          countReload(events.metrics.trustReloads, taken, clock.now())
        },
        onWatchFailure: cause =>
          events.notice('warn', 'the trust directory cannot be watched; it is polled', {
            detail: cause.message,
          }),
      },
    )
    return { value: trust, close: () => trust.close() }
  })
  await (part === before ? part.value.reload() : part.value.start())
  return part
}

/** A daemon that starts may wait for its trust anchors; one that runs does not throw its own away. */
function refuseWithoutCas({ trust: { directory } }: Config, trust: TrustStore): void {
  if (trust.current().cas.length > 0) return
  throw new SetupError([
    {
      area: 'trust',
      level: 'error',
      place: 'trust.directory',
      what: `${directory} holds no CA that can be used`,
      advice: 'install the CAs there, or correct the path; vouchd check tells more',
    },
  ])
}

function authenticatorOver(trust: TrustStore, config: Config, { clock }: ServerDeps): Authenticator {
  return createAuthenticator(
    { policy: config.authentication },
    { clock, snapshot: () => (trust.current().cas.length === 0 ? undefined : trust.current()) },
  )
}

function openVomsdir(config: Config, events: Events): Vomsdir {
  return createVomsdir(config.trust.vomsdir, (file, what) => events.notice('warn', what, { file }))
}

async function openDirectory(
  config: Config,
  before: Parts | undefined,
  opened: AsyncDisposableStack,
  deps: ServerDeps,
): Promise<[Part<Database>, Part<WatchedDirectory>]> {
  const store = await keepOrOpen(
    before?.store,
    { settings: [config.store, config.directory.versionQuery], uses: [] },
    opened,
    async () => {
      const db = await openStore(config.store, {
        mode: deps.storeMode ?? 'serve',
        onLost: error =>
          deps.events.notice('error', 'the database connection was lost', { detail: error.message }),
      })
      return { value: db, close: () => db.close() }
    },
  )
  if (store !== before?.store) await checkSchema(config, store.value, deps.events)
  // One process is enough to tell, and nobody waits for it.
  if ((deps.worker ?? 0) === 0) void tellUnknownVos(config, store.value, deps.events)
  const directory = await keepOrOpen(
    before?.directory,
    { settings: config.directory, uses: [store] },
    opened,
    () => {
      const watched = watchedDirectory(config, store.value, deps)
      return { value: watched, close: () => watched.close() }
    },
  )
  return [store, directory]
}

function watchedDirectory(config: Config, db: Database, deps: ServerDeps): WatchedDirectory {
  const { clock, monotonic, events } = deps
  const count = countDirectory(events.metrics, clock)
  let awaySince: number | undefined
  const directory = createDirectory(config.directory, {
    db,
    clock,
    monotonic,
    onEvent(event) {
      if (event.kind === 'away') awaySince ??= monotonic()
      if (event.kind === 'back') awaySince = undefined
      count(event)
      noteDirectoryEvent(event, events)
    },
  })
  return { ...directory, awayMs: () => (awaySince === undefined ? 0 : monotonic() - awaySince) }
}

/** The daemon serves a VO that is still to be made; its users are unknown until then. */
async function tellUnknownVos(config: Config, db: Database, events: Events): Promise<void> {
  try {
    for (const { name, advice } of await unknownVos(db, config)) {
      events.notice('warn', 'a VO is not in the database: all its users are unknown', { vo: name, advice })
    }
  } catch {
    // A database that does not answer is told of elsewhere.
  }
}

/** A server's schema is never changed here, and an embedded one was migrated by its owner. */
async function checkSchema(config: Config, db: Database, events: Events): Promise<void> {
  if (config.directory.versionQuery !== undefined) return
  let problem: SchemaProblem | undefined
  try {
    problem = schemaProblem(await schemaState(db))
  } catch (cause) {
    // The daemon starts without its database and answers that there is a problem with it.
    const advice = cause instanceof DatabaseError ? cause.advice : undefined
    events.notice('error', 'the database does not answer', {
      detail: String(cause),
      ...(advice && { advice }),
    })
    return
  }
  if (problem === undefined) return
  throw new SetupError([{ area: 'database', level: 'error', place: 'store', ...problem }])
}

async function openSigners(
  { signing }: Config,
  before: Part<Signers> | undefined,
  opened: AsyncDisposableStack,
  { events }: ServerDeps,
): Promise<Part<Signers>> {
  return keepOrOpen(before, { settings: signing, uses: [] }, opened, () => {
    if (signing.mode === 'inline') {
      return { value: { signer: async key => createInlineSigner(key) }, close() {} }
    }
    const threads = signing.threads ?? concurrency(availableParallelism()).signersPerWorker
    const observer: SignerObserver = {
      ...signerObserver(events.metrics),
      fault: cause =>
        events.notice('error', 'a signing thread was lost and is replaced', { detail: cause.message }),
    }
    const pool = createSignerPool({ threads, maxQueue: signing.maxQueue }, observer)
    return { value: pool, close: () => pool.close() }
  })
}

/** Tells of each load that changed something, and of what is found anew where nothing changed. */
function trustNotes(events: Events): (result: ReloadResult) => void {
  let known = new Set<string>()
  return ({ outcome, diff, summary, generation, findings }) => {
    if (outcome !== 'unchanged') {
      const level = outcome === 'changed' ? 'info' : 'error'
      events.notice(level, `trust directory: ${outcome}`, { generation, diff, summary })
    }
    const told = outcome === 'unchanged' ? known : new Set()
    for (const finding of findings) {
      // A field `level` would take the place of the line's own.
      const { what, level, ...fields } = finding
      if (told.has(JSON.stringify(finding))) continue
      events.notice(level === 'error' ? 'error' : 'warn', what, fields)
    }
    known = new Set(findings.map(finding => JSON.stringify(finding)))
  }
}

function noteDirectoryEvent(event: DirectoryEvent, events: Events): void {
  if (event.kind === 'back') events.notice('info', 'the database is back')
  if (event.kind === 'away') {
    events.notice('error', 'the database is away; cached members are served', { detail: String(event.cause) })
  }
  if (event.kind === 'refused') {
    events.notice('error', 'the database refuses what it is asked', { detail: String(event.cause) })
  }
}
