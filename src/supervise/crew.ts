import type { Logger } from 'pino'
import type { CheckFinding } from '../check/finding.ts'
import { SetupError } from '../check/SetupError.ts'
import type { Config } from '../config/types.ts'
import type { Snapshot } from '../observe/snapshot.ts'
import type { RestartReason } from '../observe/supervisorMetrics.ts'
import type { RunningServer } from '../server.ts'
import type { Readiness } from '../serving/readiness.ts'
import { within } from '../within.ts'
import type { WorkerEvents } from './forkWorker.ts'
import type { Asks } from './messages.ts'
import { type Serving, WorkerGone } from './serving.ts'

export interface CrewDeps {
  /** Starts the process with this number. */
  readonly launch: (index: number, events: WorkerEvents) => Serving
  readonly log: Logger
  /** Seconds since the epoch. */
  readonly now: () => number
  /** Something about the state of a worker may have changed. */
  readonly onState: () => void
  /** A process is started in place of one that ended. */
  readonly onRestart: (reason: RestartReason) => void
  /** The last figures of a process that ends; may come after its end. */
  readonly onCounted: (process: Serving, snapshot: Snapshot) => void
  readonly onEnded: (process: Serving) => void
}

export interface WorkerStatus {
  readonly worker: number
  readonly pid: number | undefined
  /** waiting: it died before it served, and is started again after a while. */
  readonly state: 'starting' | 'serving' | 'waiting'
  /** Since when, in seconds since the epoch. */
  readonly since: number
  readonly restarts: number
  readonly parts: readonly Readiness[]
}

/** The processes that serve. Each that ends is replaced; all serve the same configuration. */
export interface Crew {
  /** Starts so many processes, which serve nothing yet. */
  launch(count: number): void
  /** What keeps the configuration from being served, as far as its files tell. */
  check(config: Config): Promise<readonly CheckFinding[]>
  /** The first configuration. Throws SetupError with what any of them finds against it. */
  begin(config: Config): Promise<void>
  /** Another one, swapped in all of them or in none. Gives what stands against it. */
  change(config: Config, count: number): Promise<readonly CheckFinding[]>
  /** Asks every process that serves; those that end meanwhile do not answer. */
  askAll<N extends QuestionName>(name: N): Promise<readonly Asks[N]['answers'][]>
  /** What each process counts; those that are silent for so long are left out. */
  figures(ms: number): Promise<ReadonlyMap<Serving, Snapshot>>
  /** Members by VO, as the first process that serves has them. */
  memberCounts(): Promise<ReadonlyMap<string, number>>
  addresses(): RunningServer['addresses']
  status(): readonly WorkerStatus[]
  stop(): Promise<void>
  kill(): void
}

/** What is asked without saying anything more. */
type QuestionName = 'auditHeads' | 'reloadTrust'

interface Slot {
  readonly index: number
  /** Settled by the first configuration that it serves, or by what it finds against that. */
  readonly begun: PromiseWithResolvers<void>
  serving: Serving | undefined
  state: WorkerStatus['state']
  since: number
  restarts: number
  /** Deaths in a row before it served. */
  failures: number
  /** Ticks since it was last heard of. */
  silent: number
  hangs: boolean
  retry: NodeJS.Timeout | undefined
  /** It is not wanted any more. */
  leaving: boolean
}

const TICK_MS = 1_000
/** A worker's loop is never blocked for long; this one hangs, and with it its clients. */
const MAX_SILENT_TICKS = 15
/** Nobody waits for one that starts while others serve, and modules load slowly on a machine that is overloaded. */
const MAX_SILENT_START_TICKS = 60
/** Loading a large trust directory for the first time is the longest that it may take. */
const ANSWER_MS = 60_000
const RETRY_MS = 200
const RETRY_MAX_MS = 5_000
/** How V8 ends a process whose heap is full, and Node.js one that it finds a fault of its own in. */
const ABORT = 'SIGABRT'
const ABORTED = 'most often its heap was full; what Node.js wrote to standard error says more'

export function createCrew(deps: CrewDeps): Crew {
  const { log } = deps
  const slots: Slot[] = []
  let current: Config | undefined
  let addresses: RunningServer['addresses'] = []
  let changing: Promise<void> | undefined
  let begun = false
  let stopping = false

  const tick = setInterval(() => {
    for (const slot of slots) lookAfter(slot)
  }, TICK_MS)

  /** Counted in ticks, not by a clock: a machine that slept has no worker that hangs. */
  function lookAfter(slot: Slot): void {
    // This process itself does not look after itself: the service manager does.
    if (slot.serving === undefined || slot.serving.pid === process.pid) return
    const most = slot.state === 'serving' ? MAX_SILENT_TICKS : MAX_SILENT_START_TICKS
    if (++slot.silent <= most) return
    const { index: worker, state } = slot
    log.error({ worker, pid: slot.serving.pid, state }, 'a worker hangs and is ended')
    slot.silent = 0
    slot.hangs = true
    slot.serving.kill()
  }

  function addSlot(index: number): Slot {
    const slot: Slot = {
      index,
      begun: Promise.withResolvers(),
      serving: undefined,
      state: 'starting',
      since: deps.now(),
      restarts: 0,
      failures: 0,
      silent: 0,
      hangs: false,
      retry: undefined,
      leaving: false,
    }
    // Whoever waits for it hears of a refusal; a slot that is added later has nobody who waits.
    slot.begun.promise.catch(() => {})
    slots.push(slot)
    launch(slot)
    return slot
  }

  function enter(slot: Slot, state: WorkerStatus['state']): void {
    slot.state = state
    slot.since = deps.now()
    slot.silent = 0
    deps.onState()
  }

  function launch(slot: Slot): Serving {
    enter(slot, 'starting')
    const serving = deps.launch(slot.index, {
      ended: how => {
        deps.onEnded(serving)
        if (slot.serving === serving) ended(slot, how)
      },
      beat() {
        slot.silent = 0
        deps.onState()
      },
      counted: snapshot => deps.onCounted(serving, snapshot),
    })
    slot.serving = serving
    return serving
  }

  function ended(slot: Slot, how: string): void {
    slot.serving = undefined
    if (stopping || slot.leaving) return
    const served = slot.state === 'serving'
    log.error(
      { worker: slot.index, how, ...(how === ABORT && { detail: ABORTED }) },
      served ? 'a worker ended and is replaced' : 'a worker ended before it served',
    )
    slot.restarts++
    deps.onRestart(slot.hangs ? 'hang' : !served ? 'start' : how === ABORT ? 'abort' : 'crash')
    slot.hangs = false
    if (served) {
      launch(slot)
      void bring(slot)
      return
    }
    const delay = Math.min(RETRY_MS * 2 ** slot.failures++, RETRY_MAX_MS)
    enter(slot, 'waiting')
    slot.retry = setTimeout(() => {
      launch(slot)
      if (current !== undefined) void bring(slot)
    }, delay)
  }

  /** Has a launched process serve the current configuration. */
  async function bring(slot: Slot): Promise<void> {
    const { serving } = slot
    if (serving === undefined) return
    try {
      let prepared: Config | undefined
      while (prepared !== current) {
        prepared = current!
        await serving.ask('prepare', prepared)
        await changing
      }
      // Before it is told so: a change that begins now has to reach it.
      enter(slot, 'serving')
      addresses = await serving.ask('commit')
      slot.failures = 0
      slot.begun.resolve()
      deps.onState()
    } catch (cause) {
      if (cause instanceof WorkerGone) return
      slot.begun.reject(cause as Error)
      // Whoever begins hears of it in full.
      if (begun) log.error({ worker: slot.index, detail: (cause as Error).message }, 'a worker cannot serve')
      serving.kill()
    }
  }

  async function change(next: Config, count: number): Promise<readonly CheckFinding[]> {
    const members = slots.filter(({ state }) => state === 'serving').map(({ serving }) => serving!)
    if (members.length === 0) return [internalFinding('no worker serves at this moment; try again')]
    const answers = await Promise.allSettled(
      members.map(member => within(ANSWER_MS, member.ask('prepare', next))),
    )
    const findings = distinct(
      answers.flatMap(answer => (answer.status === 'fulfilled' ? [] : findingsIn(answer.reason))),
    )
    if (findings.length > 0) {
      await Promise.allSettled(members.map(member => within(ANSWER_MS, member.ask('abort'))))
      return findings
    }
    current = next
    const commits = await Promise.allSettled(members.map(member => member.ask('commit')))
    for (const [index, commit] of commits.entries()) {
      if (commit.status === 'fulfilled') addresses = commit.value
      // It serves nobody knows what; its replacement serves the new configuration.
      else members[index]!.kill()
    }
    resize(count)
    return []
  }

  function resize(count: number): void {
    for (let index = slots.length; index < count; index++) void bring(addSlot(index))
    for (const slot of slots.splice(Math.max(count, 1))) {
      slot.leaving = true
      clearTimeout(slot.retry)
      void slot.serving?.stop()
    }
  }

  return {
    launch(count) {
      for (let index = 0; index < count; index++) addSlot(index)
    },
    async check(config) {
      try {
        return (await slots[0]?.serving?.ask('check', config)) ?? []
      } catch (cause) {
        // What ended it ends the next one too, or is over.
        if (cause instanceof WorkerGone) return []
        throw cause
      }
    },
    async begin(config) {
      current = config
      for (const slot of slots) void bring(slot)
      const first = await Promise.allSettled(slots.map(slot => slot.begun.promise))
      begun = true
      const refusals = first.flatMap(each => (each.status === 'fulfilled' ? [] : [each.reason]))
      if (refusals.length === 0) return
      const findings = distinct(refusals.flatMap(findingsIn))
      throw refusals.some(cause => !(cause instanceof SetupError)) ? refusals[0] : new SetupError(findings)
    },
    async change(config, count) {
      const { promise, resolve } = Promise.withResolvers<void>()
      changing = promise
      try {
        return await change(config, count)
      } finally {
        changing = undefined
        resolve()
      }
    },
    async askAll<N extends QuestionName>(name: N) {
      const serving = slots.flatMap(slot => (slot.state === 'serving' ? [slot.serving!] : []))
      const ask = (each: Serving) => each.ask<QuestionName>(name) as Promise<Asks[N]['answers']>
      const answers = await Promise.allSettled(serving.map(each => within(ANSWER_MS, ask(each))))
      return answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : []))
    },
    async figures(ms) {
      const told = new Map<Serving, Snapshot>()
      const asking = slots.flatMap(({ serving }) =>
        serving === undefined
          ? []
          : [within(ms, serving.ask('metrics')).then(snapshot => void told.set(serving, snapshot))],
      )
      await Promise.allSettled(asking)
      return told
    },
    async memberCounts() {
      const serving = slots.find(({ state }) => state === 'serving')?.serving
      if (serving === undefined) throw new Error('no worker serves')
      return await serving.ask('memberCounts')
    },
    addresses: () => addresses,
    status: () =>
      slots.map(({ index, serving, state, since, restarts }) => ({
        worker: index,
        pid: serving?.pid,
        state,
        since,
        restarts,
        parts: serving?.readiness() ?? [],
      })),
    async stop() {
      stopping = true
      clearInterval(tick)
      for (const slot of slots) clearTimeout(slot.retry)
      await Promise.all(slots.map(slot => slot.serving?.stop()))
    },
    kill() {
      stopping = true
      clearInterval(tick)
      for (const slot of slots) {
        clearTimeout(slot.retry)
        slot.serving?.kill()
      }
    },
  }
}

function findingsIn(cause: unknown): readonly CheckFinding[] {
  if (cause instanceof SetupError) return cause.findings
  // Its replacement will serve whatever the others do.
  if (cause instanceof WorkerGone) return []
  return [internalFinding(cause instanceof Error ? cause.message : String(cause))]
}

function internalFinding(what: string): CheckFinding {
  return { area: 'configuration', level: 'error', place: 'vouchd', what, advice: 'see the log' }
}

function distinct(findings: readonly CheckFinding[]): readonly CheckFinding[] {
  return [...new Map(findings.map(finding => [JSON.stringify(finding), finding])).values()]
}
