import type { LogHead } from './audit/records.ts'
import { checkCredentials } from './check/checkCredentials.ts'
import { SetupError } from './check/SetupError.ts'
import type { Clock } from './clock.ts'
import type { Config, ListenAddress } from './config/types.ts'
import type { Events } from './events.ts'
import { createDescriptors } from './listen/descriptors.ts'
import { createListener, type Listener } from './listen/listener.ts'
import { createPace, loopTurns } from './listen/pace.ts'
import { placesOf } from './listen/placesOf.ts'
import { type ListenOn, openPort, type Place, type Port } from './listen/port.ts'
import { collectServing, type ServingFigures } from './observe/countServing.ts'
import type { Snapshot } from './observe/snapshot.ts'
import { maxFds } from './observe/watchProcess.ts'
import { createRequestIds } from './requestIds.ts'
import { countHolders } from './resolve/countHolders.ts'
import { collectContextsSoon } from './serving/collectContexts.ts'
import { openParts, type Parts } from './serving/openParts.ts'
import { openVo, type VoService } from './serving/openVo.ts'
import type { Part } from './serving/part.ts'
import type { Readiness } from './serving/readiness.ts'

export interface ServerDeps {
  readonly clock: Clock
  /** Milliseconds from anywhere, never going back. */
  readonly monotonic: () => number
  readonly events: Events
  /** A number that differs from one process to the next, for request ids. */
  readonly processNumber: number
  /** How addresses are listened on, where another process holds them. */
  readonly listenOn?: ListenOn
  /** worker: another process owns the embedded database. */
  readonly storeMode?: 'serve' | 'worker'
  /** Number of this process among those of a supervisor, which signs the heads of their audit logs then. */
  readonly worker?: number | undefined
  readonly setLogLevel?: (level: Config['log']['level']) => void
}

/** A configuration with everything that could fail behind it. One of the two is called, once. */
export interface PreparedChange {
  /** Swaps everything at once; what went out of use is closed after the requests that use it. Never throws. */
  commit(): void
  /** Closes what was opened for it. */
  abort(): Promise<void>
}

export interface RunningServer {
  /** Where each VO listens; ports of 0 are resolved. */
  readonly addresses: readonly { readonly vo: string; readonly addresses: readonly ListenAddress[] }[]
  /**
   * Opens everything that a configuration needs beyond what is open, and serves none of it yet. Throws SetupError,
   * ConfigError, SigningKeyFault, DatabaseError or a system's error; then everything is as it was.
   */
  prepare(config: Config): Promise<PreparedChange>
  /** Prepares and commits. */
  apply(config: Config): Promise<void>
  /** Looks at the trust directory now instead of at the next sign of a change. */
  reloadTrust(): Promise<void>
  readiness(): readonly Readiness[]
  /** What this process counts. */
  metrics(): Snapshot
  /** Members by VO, from the database. Throws DatabaseError. */
  memberCounts(): Promise<ReadonlyMap<string, number>>
  /** How far the audit logs of this process have come, for the supervisor that signs them. */
  auditHeads(): readonly LogHead[]
  /** Stops accepting, finishes what is under way, and closes every part in reverse order. */
  close(): Promise<void>
}

/** After this an answer has reached its client or will not any more: the longest connection, and a little. */
const DRAIN_MS = 10_000

/** What is served at one time; a reload puts another in its place. */
interface Generation {
  readonly config: Config
  readonly parts: Parts
  readonly vos: ReadonlyMap<string, Part<VoService>>
  readonly ports: ReadonlyMap<string, Port>
}

/** What stands between the ports of a VO and whatever generation serves it now. */
interface Door {
  readonly listener: Listener
  service: VoService
}

/** The daemon's serving part, started with a configuration; see prepare() for what it throws. */
export async function runServer(config: Config, deps: ServerDeps): Promise<RunningServer> {
  const server = createServer(deps)
  await server.apply(config)
  return server
}

/** The same before its first configuration: it serves nothing until one is committed. */
export function createServer(deps: ServerDeps): RunningServer {
  const requestIds = createRequestIds(deps.processNumber)
  const descriptors = createDescriptors(maxFds())
  const pace = createPace({
    monotonic: deps.monotonic,
    turns: loopTurns,
    inService,
  })
  const doors = new Map<string, Door>()
  /** Closings under way of what went out of use. */
  const closings = new Set<Promise<void>>()
  let current: Generation | undefined
  let preparing = false
  let closed = false

  /** Requests that are being answered. */
  function inService(): number {
    return sum([...doors.keys()].map(vo => deps.events.metrics.vo(vo).inFlight.value))
  }

  function expected(): number {
    return inService() + sum([...doors.values()].map(({ listener }) => listener.open().handshaking))
  }

  collectServing(deps.events.metrics, () => current && figuresOf(current, doors))

  async function prepare(config: Config): Promise<PreparedChange> {
    if (closed) throw new Error('the server is closed')
    if (preparing) throw new Error('another configuration is being prepared')
    preparing = true
    const opened = new AsyncDisposableStack()
    try {
      const next = await openGeneration(config, opened)
      return {
        commit() {
          preparing = false
          // A change that was prepared when the end came is not served any more.
          if (closed) return closeLater(opened.disposeAsync())
          opened.move()
          commit(next)
        },
        async abort() {
          preparing = false
          await opened.disposeAsync()
        },
      }
    } catch (cause) {
      await opened.disposeAsync()
      preparing = false
      throw cause
    }
  }

  async function openGeneration(config: Config, opened: AsyncDisposableStack): Promise<Generation> {
    refuseFaultyCredentials(config, deps.clock.now())
    const parts = await openParts(config, current?.parts, opened, { ...deps, expected })
    const vos = new Map<string, Part<VoService>>()
    for (const vo of config.vos) {
      const before = current?.vos.get(vo.name)
      vos.set(vo.name, await openVo(vo, config, parts, before, opened, { ...deps, requestIds }))
    }
    const ports = new Map<string, Port>()
    for (const place of config.vos.flatMap(vo => placesOf(vo, config))) {
      ports.set(place.key, current?.ports.get(place.key) ?? (await openNewPort(place, opened)))
    }
    return { config, parts, vos, ports }
  }

  async function openNewPort(place: Place, opened: AsyncDisposableStack): Promise<Port> {
    const port = await openPort(place, deps.listenOn)
    opened.defer(() => void port.close())
    return port
  }

  function commit(next: Generation): void {
    const before = current
    current = next
    deps.setLogLevel?.(next.config.log.level)
    for (const vo of next.config.vos) {
      const { listener } = openDoor(next.vos.get(vo.name)!)
      for (const { key } of placesOf(vo, next.config)) {
        const port = next.ports.get(key)!
        port.serve(listener.accept)
        if (!before?.ports.has(key)) deps.events.listening(vo.name, port.address.host, port.address.port)
      }
    }
    if (before !== undefined) retire(before, next)
  }

  /** Puts the service behind its VO's door; a connection that is open already has its next request served by it. */
  function openDoor({ value }: Part<VoService>): Door {
    const known = doors.get(value.name)
    if (known !== undefined) {
      if (known.service.listener !== value.listener) {
        known.listener.change(value.listener)
        collectContextsSoon()
      }
      known.service = value
      return known
    }
    const listener: Listener = createListener(
      value.listener,
      {
        serve: (peer, frame) => door.service.serve(peer, frame),
        refuse: (peer, protocol, why, seen) => door.service.refuse(peer, protocol, why, seen),
      },
      {
        shed: (reason, address) => deps.events.shed(value.name, reason, address),
        handshakeDone: seconds => deps.events.handshakeDone(value.name, seconds),
        handshakeFailed: (error, address) => deps.events.handshakeFailed(value.name, address, error),
        handshakeTimedOut: address => deps.events.handshakeTimedOut(value.name, address),
        answerWritten: seconds => deps.events.answerWritten(seconds),
      },
      { monotonic: deps.monotonic, descriptors, pace },
    )
    const door: Door = { listener, service: value }
    doors.set(value.name, door)
    return door
  }

  function retire(before: Generation, next: Generation): void {
    for (const [key, port] of before.ports) if (!next.ports.has(key)) void port.close()
    const removed = [...doors].filter(([name]) => !next.vos.has(name))
    for (const [name] of removed) doors.delete(name)
    closeLater(
      (async () => {
        await Promise.all(removed.map(([, { listener }]) => listener.drain(DRAIN_MS)))
        for (const [name] of removed) if (!doors.has(name)) deps.events.metrics.dropVo(name)
        await closeParts(unused(before, next))
      })(),
    )
  }

  /** close() waits for it; a failure is told and nothing else. */
  function closeLater(work: Promise<void>): void {
    const closing = work
      .catch(cause =>
        deps.events.notice('error', 'a part that went out of use does not close', { err: cause }),
      )
      .finally(() => closings.delete(closing))
    closings.add(closing)
  }

  function readiness(): readonly Readiness[] {
    return current === undefined ? NOT_STARTED : readinessOf(current)
  }

  async function close(): Promise<void> {
    const last = current
    current = undefined
    closed = true
    // Every port stops accepting at once; the parts behind them outlive the last answer.
    for (const port of last?.ports.values() ?? []) void port.close()
    await Promise.all([...doors.values()].map(({ listener }) => listener.drain(DRAIN_MS)))
    pace.close()
    await Promise.all(closings)
    if (last !== undefined) await closeParts(partsOf(last))
  }

  return {
    get addresses() {
      return current === undefined ? [] : addressesOf(current)
    },
    prepare,
    apply: async config => (await prepare(config)).commit(),
    async reloadTrust() {
      await current?.parts.trust.value.reload()
    },
    readiness,
    metrics: () => deps.events.metrics.snapshot(),
    async memberCounts() {
      if (current === undefined) return new Map()
      return await countHolders(current.parts.store.value, current.config.directory)
    },
    auditHeads: () => [...(current?.parts.auditHeads.value.logs ?? [])].map(head => head()),
    close,
  }
}

/** What `check` would say of keys and certificates, as far as it keeps the daemon from working. */
function refuseFaultyCredentials(config: Config, now: number): void {
  const { findings } = checkCredentials(config, process.getuid?.() ?? 0, now)
  const errors = findings.filter(({ level }) => level === 'error')
  if (errors.length > 0) throw new SetupError(errors)
}

function figuresOf({ config, parts, vos }: Generation, doors: ReadonlyMap<string, Door>): ServingFigures {
  return {
    limits: config.limits,
    open: new Map([...doors].map(([name, { listener }]) => [name, listener.open()])),
    trust: parts.trust.value.summary(),
    caches: parts.authenticator.value.cacheFigures(),
    members: parts.directory.value.size(),
    pool: parts.store.value.pool?.(),
    certificates: [...vos.values()].flatMap(({ value }) => value.certificates),
  }
}

function addressesOf({ config, ports }: Generation): RunningServer['addresses'] {
  return config.vos.map(vo => ({
    vo: vo.name,
    addresses: placesOf(vo, config).map(({ key }) => ports.get(key)!.address),
  }))
}

/** In the order of their opening. */
function partsOf({ parts, vos }: Generation): readonly Part<unknown>[] {
  const { trust, authenticator, vomsdir, store, directory, signers, auditHeads, audit } = parts
  return [trust, authenticator, vomsdir, store, directory, signers, auditHeads, audit, ...vos.values()]
}

function unused(before: Generation, next: Generation): readonly Part<unknown>[] {
  const used = new Set(partsOf(next))
  return partsOf(before).filter(part => !used.has(part))
}

/** Closes all of them, the last one opened first, whatever one of them says; throws that at the end. */
async function closeParts(parts: readonly Part<unknown>[]): Promise<void> {
  const failures: unknown[] = []
  for (const part of parts.toReversed()) {
    try {
      await part.close()
    } catch (cause) {
      failures.push(cause)
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'parts did not close')
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}

const NOT_STARTED: readonly Readiness[] = [{ part: 'keys', ready: false, why: 'not started yet' }]

function readinessOf({ config, parts }: Generation): readonly Readiness[] {
  const trusted = parts.trust.value.current().cas.length > 0
  return [
    // A configuration is only ever committed with its keys loaded.
    { part: 'keys', ready: true, why: undefined },
    {
      part: 'trust',
      ready: trusted,
      why: trusted ? undefined : `${config.trust.directory} holds no CA that can be used`,
    },
    databaseReadiness(parts, config),
  ]
}

function databaseReadiness({ directory: { value } }: Parts, config: Config): Readiness {
  if (!value.ready()) return { part: 'database', ready: false, why: 'it has not answered yet' }
  if (!value.away()) return { part: 'database', ready: true, why: undefined }
  const { graceSeconds } = config.directory
  const awaySeconds = Math.floor(value.awayMs() / 1000)
  return awaySeconds <= graceSeconds
    ? { part: 'database', ready: true, why: `away for ${awaySeconds} s, cached members are served` }
    : { part: 'database', ready: false, why: `away for longer than the grace of ${graceSeconds} s` }
}
