import { availableParallelism } from 'node:os'
import type { Logger } from 'pino'
import { tellOfAnother } from '../check/anotherDaemon.ts'
import { checkControlSocket } from '../check/checkControlSocket.ts'
import type { CheckFinding } from '../check/finding.ts'
import { findingsOf, SetupError } from '../check/SetupError.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/types.ts'
import { createEvents } from '../events.ts'
import { concurrency } from '../issue/sign/poolSize.ts'
import { countReload, noteReload } from '../observe/countServing.ts'
import { createGatherer } from '../observe/gatherMetrics.ts'
import { openObserve } from '../observe/openObserve.ts'
import type { Registry } from '../observe/registry.ts'
import type { Snapshot } from '../observe/snapshot.ts'
import { createSupervisorMetrics } from '../observe/supervisorMetrics.ts'
import { watchProcess } from '../observe/watchProcess.ts'
import type { RunningServer } from '../server.ts'
import type { Readiness } from '../serving/readiness.ts'
import { openControlSocket } from './controlSocket.ts'
import { createCrew, type WorkerStatus } from './crew.ts'
import { createDoors, type Doors } from './doors.ts'
import { createFollowKeeper } from './followKeeper.ts'
import { forkWorker } from './forkWorker.ts'
import { createHeadKeeper } from './headKeeper.ts'
import { type InheritedSockets, takeInheritedSockets } from './inheritedSockets.ts'
import { noteFollow } from './noteFollow.ts'
import { openWhenFree } from './openWhenFree.ts'
import { createOwnerKeeper } from './ownerKeeper.ts'
import { openSystemdLine } from './systemdLine.ts'
import { watchFiles } from './watchFiles.ts'

export interface SupervisorDeps {
  /** Reads and checks the configuration anew. Throws ConfigError. */
  readonly readConfig: () => Config
  readonly clock: Clock
  readonly monotonic: () => number
  /** How long the start waits for addresses that another process has; 0 when absent. */
  readonly waitForPortsSeconds?: number
  /** Resolves when the daemon is asked to end. */
  readonly stopAsked: Promise<void>
  readonly log: Logger
  readonly env: NodeJS.ProcessEnv
  readonly version: string
  readonly revision: string
  /** For what this process counts; the log's lines are counted there too. */
  readonly registry: Registry
}

/** The start was asked to end; what had been started has been ended in order. */
export class StartStopped extends Error {
  override name = 'StartStopped'
}

/** A worker that takes longer has other things to do; the scrape must not wait for it. */
const FIGURES_MS = 2_000

/** What came of a reload. */
export interface ReloadOutcome {
  /** Seconds since the epoch. */
  readonly at: number
  /** config: all of it was read anew. files: certificates or keys had changed. */
  readonly subject: 'config' | 'files'
  readonly ok: boolean
  /** What stands against it, when the old configuration stays. */
  readonly findings: readonly CheckFinding[]
}

/** What `vouchd status` shows. Times in seconds since the epoch. */
export interface SupervisorStatus {
  readonly version: string
  readonly pid: number
  readonly startedAt: number
  readonly ready: boolean
  readonly parts: readonly Readiness[]
  readonly workers: readonly WorkerStatus[]
  /** Process of the embedded database. */
  readonly databasePid: number | undefined
  readonly vos: RunningServer['addresses']
  readonly lastReload: ReloadOutcome | undefined
}

export interface Supervisor {
  status(): SupervisorStatus
  /** Reads the configuration anew and swaps it everywhere, or nowhere. Never rejects. */
  reload(): Promise<ReloadOutcome>
  /** Finishes what is under way and ends every process. */
  stop(): Promise<void>
  /** Ends them without waiting for anything. */
  kill(): void
}

/**
 * Starts the daemon: the sockets, the owner of an embedded database, and the processes that serve, in which alone
 * private keys are. Throws SetupError with every fault at once, ConfigError, or StartStopped.
 */
export async function startSupervisor(deps: SupervisorDeps): Promise<Supervisor> {
  await using parts = new AsyncDisposableStack()
  const { log, clock } = deps
  const startedAt = clock.now()
  let config = deps.readConfig()
  log.level = config.log.level
  const metrics = createSupervisorMetrics(deps.registry, deps)
  const gatherer = createGatherer()
  const systemd = openSystemdLine({
    env: deps.env,
    onFault: cause => log.error({ detail: cause.message }, 'the service manager cannot be told of anything'),
  })
  const inherited = takeInheritedSockets(deps.env, process.pid)
  const doors = createDoors(inherited.sockets)
  parts.defer(() => doors.close())
  const owners = createOwnerKeeper(error => {
    metrics.restarts.database.inc()
    log.error({ detail: error.message }, 'the embedded database was lost and is started again')
  })
  parts.defer(() => owners.close())
  const followers = createFollowKeeper({ ...deps, onEvent: event => noteFollow(event, log) })
  parts.defer(() => followers.close())
  // What is below asks the crew, and outlives it.
  const heads = createHeadKeeper(deps, async () => (await crew.askAll('auditHeads')).flat())
  parts.defer(() => heads.close())
  const alone = config.processes.workers === 0
  const here = alone ? (await import('./serveHere.ts')).serveHere(doors, deps) : undefined
  const stopWatching = watchProcess({ ...deps, worker: alone ? 'main' : 'supervisor' }, deps)
  parts.defer(stopWatching)
  const crew = createCrew({
    launch: (index, events) => here ?? forkWorker(index, doors, events),
    log,
    now: clock.now,
    onState: tellState,
    onRestart: reason => metrics.restarts[reason].inc(),
    onCounted: gatherer.note,
    onEnded: gatherer.ended,
  })
  deps.registry.onCollect(() => {
    const states = crew.status().map(({ state }) => state)
    for (const [state, gauge] of Object.entries(metrics.workers)) {
      gauge.set(states.filter(each => each === state).length)
    }
  })
  parts.defer(() => crew.stop())
  const files = watchFiles(() => void reloadFiles())
  parts.defer(() => files.close())

  let lastReload: ReloadOutcome | undefined
  let started = false
  // Nothing is reloaded before everything has started.
  const start = Promise.withResolvers<void>()
  let queue: Promise<unknown> = start.promise
  let told = { ready: false, everReady: false, why: '' }

  crew.launch(workerCount(config))
  files.follow(credentialFiles(config))
  const faults = await orStop(
    Promise.all([
      crew.check(config),
      openDoors(),
      owners.open(config.store).then(() => [], thrownFindings),
      heads.open(config).then(() => [], thrownFindings),
    ]),
  )
  if (faults.flat().length > 0) throw new SetupError(tellOfAnother(faults.flat()))
  // Nobody is told that he is unknown because the mirror is not there yet.
  await orStop(followers.apply(config, 'until they are there'))
  await orStop(crew.begin(config))
  started = true
  for (const cells of Object.values(metrics.reloads)) noteReload(cells, true, clock.now())
  const observe = openObserve(
    {
      metrics: gather,
      readiness: async () => status().parts,
      memberCounts: () => crew.memberCounts(),
      addresses: () => new Map(crew.addresses().map(({ vo, addresses }) => [vo, addresses])),
      workers: () =>
        alone ? [] : crew.status().map(({ worker, state }) => ({ worker: `${worker}`, state })),
    },
    { ...deps, events: createEvents(log) },
  )
  parts.defer(() => observe.close())
  await orStop(observe.apply(config))
  tellUnused(inherited, doors, config, log)
  const control = await openControl()
  tellState()
  const running = parts.move()
  start.resolve()

  /** An end that comes in the middle of the start is an end like any other: processes may have served by then. */
  function orStop<T>(work: Promise<T>): Promise<T> {
    const stopped = deps.stopAsked.then(() => {
      throw new StartStopped('asked to end before everything had started')
    })
    return Promise.race([work, stopped])
  }

  function openDoors(): Promise<readonly CheckFinding[]> {
    return openWhenFree(doors, config, {
      seconds: deps.waitForPortsSeconds ?? 0,
      monotonic: deps.monotonic,
      onWaiting: findings =>
        log.warn({ findings }, 'another process has an address: it is waited for until that ends'),
    })
  }

  /** Of all processes together; one that is slow to answer counts as it last told. */
  async function gather(): Promise<Snapshot> {
    if (alone) return deps.registry.snapshot()
    for (const [worker, snapshot] of await crew.figures(FIGURES_MS)) gatherer.note(worker, snapshot)
    return gatherer.merged(deps.registry.snapshot())
  }

  /** One at a time; what comes meanwhile waits. */
  function inTurn(work: () => Promise<ReloadOutcome>): Promise<ReloadOutcome> {
    const turn = queue.then(work)
    queue = turn.catch(() => {})
    return turn
  }

  function reload(): Promise<ReloadOutcome> {
    return inTurn(async () => {
      if (told.everReady) systemd.reloading()
      const outcome = await attempt('config', deps.readConfig)
      if (told.everReady) systemd.ready(told.why)
      return outcome
    })
  }

  async function reloadAsked(): Promise<ReloadOutcome> {
    const outcome = await reload()
    metrics.adminActions.reload[outcome.ok ? 'ok' : 'failed'].inc()
    return outcome
  }

  /** A pair of which one half is still the old one is no fault to speak loudly of: the other half follows. */
  function reloadFiles(): Promise<ReloadOutcome> {
    return inTurn(() => attempt('files', () => config))
  }

  async function attempt(subject: ReloadOutcome['subject'], read: () => Config): Promise<ReloadOutcome> {
    const began = deps.monotonic()
    const findings = await swap(read).catch(cause => findingsOf(cause) ?? [faultOfOurs(cause, log)])
    const outcome = { at: clock.now(), subject, ok: findings.length === 0, findings }
    lastReload = outcome
    countReload(metrics.reloads[subject], outcome.ok, outcome.at)
    const milliseconds = Math.round(deps.monotonic() - began)
    if (outcome.ok) log.info({ subject, milliseconds }, 'reloaded')
    else {
      const level = subject === 'files' ? 'warn' : 'error'
      log[level]({ subject, findings }, 'not reloaded: what was served before is still served')
    }
    return outcome
  }

  async function swap(read: () => Config): Promise<readonly CheckFinding[]> {
    const next = read()
    const standing = restartFindings(config, next)
    if (standing.length > 0) return standing
    // Before anything is read: what changes from now on is seen.
    files.follow(credentialFiles(next))
    const opened = await Promise.all([
      doors.open(next),
      owners.open(next.store).then(() => [], thrownFindings),
      heads.open(next).then(() => [], thrownFindings),
    ])
    const mirrored = opened.flat().length > 0 ? opened.flat() : await mirror(next)
    const findings = mirrored.length > 0 ? mirrored : await crew.change(next, workerCount(next))
    if (mirrored.length === 0 && findings.length > 0) await mirror(config)
    if (findings.length === 0) {
      config = next
      await observe.apply(config)
    }
    if (findings.length > 0) files.follow(credentialFiles(config))
    log.level = config.log.level
    doors.keepOnly(config)
    await owners.keepOnly(config.store)
    await heads.keepOnly(config)
    if (findings.length === 0) tellUnused(inherited, doors, config, log)
    return findings
  }

  /** VOs that are followed from now on are in the store, and those that are not any more are let go. */
  async function mirror(next: Config): Promise<readonly CheckFinding[]> {
    try {
      await followers.apply(next, 'once')
      return []
    } catch (cause) {
      const advice = 'see vouchd check; what was served before is still served'
      return [
        { area: 'database', level: 'error', place: 'vo.follow', what: (cause as Error).message, advice },
      ]
    }
  }

  function status(): SupervisorStatus {
    const workers = crew.status()
    const readiness = mergedReadiness(workers)
    return {
      version: deps.version,
      pid: process.pid,
      startedAt,
      ready: started && readiness.every(({ ready }) => ready),
      parts: readiness,
      workers,
      databasePid: owners.pid(config.store),
      vos: crew.addresses(),
      lastReload,
    }
  }

  /** To the log, and to the service manager, when it has changed. */
  function tellState(): void {
    if (!started) return
    const { ready, parts: readiness, workers, vos } = status()
    // One that has just begun has not told of itself yet.
    if (workers.some(({ state, parts: known }) => state === 'serving' && known.length === 0)) return
    const serving = workers.filter(({ state }) => state === 'serving').length
    const why = ready
      ? `ready: ${vos.length} VOs, ${serving} of ${workers.length} workers`
      : `not ready: ${readiness.flatMap(part => (part.ready ? [] : [`${part.part}: ${part.why}`])).join('; ')}`
    if (ready !== told.ready || (!told.everReady && why !== told.why)) {
      if (ready) log.info({ vos }, 'ready')
      else log.warn({ parts: readiness }, 'not ready')
    }
    if (ready && !told.everReady) systemd.ready(why)
    else systemd.status(why)
    told = { ready, everReady: told.everReady || ready, why }
  }

  async function openControl(): Promise<{ close(): Promise<void> } | undefined> {
    const path = config.processes.controlSocket
    try {
      return await openControlSocket(path, { status: async () => status(), reload: reloadAsked })
    } catch (cause) {
      // What listen() says of a folder that is missing (EACCES) would mislead.
      const [known] = checkControlSocket(config)
      const detail = known?.what ?? (cause as Error).message
      const key = 'processes.controlSocket'
      log.warn(
        { key, path, detail, ...(known && { advice: known.advice }) },
        'without a control socket: vouchd reload and vouchd status do not reach this daemon',
      )
      return undefined
    }
  }

  return {
    status,
    reload,
    async stop() {
      // Parts that end are no fault that anybody has to be told of.
      started = false
      const notified = systemd.stopping()
      files.close()
      await control?.close()
      await running.disposeAsync()
      await notified
    },
    kill: () => crew.kill(),
  }
}

function workerCount({ processes: { workers } }: Config): number {
  return Math.max(1, workers ?? concurrency(availableParallelism()).workers)
}

/** Files whose renewal is taken without being told. */
function credentialFiles({ vos }: Config): readonly string[] {
  const files = vos.flatMap(vo => [
    ...[...vo.hostCredentials, vo.acCredential].flatMap(({ certificate, key }) => [certificate, key]),
    ...(vo.acIntermediates === undefined ? [] : [vo.acIntermediates]),
  ])
  return [...new Set(files)].sort()
}

/** What a running daemon does not change. */
function restartFindings(before: Config, next: Config): readonly CheckFinding[] {
  const findings: CheckFinding[] = []
  const complain = (place: string) =>
    findings.push({
      area: 'configuration',
      level: 'error',
      place,
      what: 'cannot change while the daemon runs',
      advice: 'restart it (systemctl restart vouchd), or put the old value back',
    })
  if ((before.processes.workers === 0) !== (next.processes.workers === 0)) complain('processes.workers')
  if (before.processes.controlSocket !== next.processes.controlSocket) complain('processes.controlSocket')
  return findings
}

/** A part is ready when it is in every process that serves. */
function mergedReadiness(workers: readonly WorkerStatus[]): readonly Readiness[] {
  const serving = workers.filter(({ state }) => state === 'serving')
  return (['keys', 'trust', 'database'] as const).map(part => {
    const states = serving.map(({ parts }) => parts.find(each => each.part === part))
    const bad = states.find(state => state === undefined || !state.ready)
    if (serving.length === 0) return { part, ready: false, why: 'no worker serves' }
    const ready = states.every(state => state?.ready === true)
    return { part, ready, why: ready ? states[0]?.why : (bad?.why ?? 'not known yet') }
  })
}

function tellUnused({ unusable }: InheritedSockets, doors: Doors, config: Config, log: Logger): void {
  for (const what of unusable) log.warn({ what }, 'an inherited socket cannot be used')
  for (const { name, address } of doors.unused(config)) {
    log.warn({ name, ...address }, 'an inherited socket is no address of any VO: its clients wait in vain')
  }
}

function faultOfOurs(cause: unknown, log: Logger): CheckFinding {
  log.error({ err: cause }, 'a reload failed by a fault of vouchd')
  const advice = 'please report it, with the log'
  return { area: 'configuration', level: 'error', place: 'vouchd', what: String(cause), advice }
}

/** What the operator can mend; throws what is a fault of vouchd itself. */
function thrownFindings(thrown: unknown): readonly CheckFinding[] {
  const findings = findingsOf(thrown)
  if (findings === undefined) throw thrown
  return findings
}
