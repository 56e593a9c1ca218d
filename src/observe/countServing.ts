import type { CacheFigures } from '../authenticate/cacheLimits.ts'
import type { TrustSummary } from '../authenticate/trust/trustSummary.ts'
import type { Clock } from '../clock.ts'
import type { SignerObserver } from '../issue/sign/observer.ts'
import type { Signer } from '../issue/types.ts'
import type { AdmissionLimits, OpenConnections } from '../listen/admission.ts'
import type { DirectoryEvent } from '../resolve/directory.ts'
import type { PoolFigures } from '../store/database.ts'
import type { Counter, Gauge } from './cells.ts'
import type { Metrics, ReloadCells, Results } from './metrics.ts'

/** A pool's times and queue. */
export function signerObserver({ signer }: Metrics): SignerObserver {
  return {
    queueLength: length => signer.queueLength.set(length),
    batch({ waitSeconds, workSeconds, hopSeconds }) {
      signer.wait.observe(waitSeconds)
      signer.work.observe(workSeconds)
      signer.hop.observe(hopSeconds)
    },
    fault() {},
  }
}

/** The same signer, its signatures counted. */
export function countSignatures(signer: Signer, { ok, failed }: Results): Signer {
  return {
    async sign(prepared) {
      try {
        const signature = await signer.sign(prepared)
        ok.inc()
        return signature
      } catch (cause) {
        failed.inc()
        throw cause
      }
    },
    close: () => signer.close(),
  }
}

/** What the directory tells of the database and of its cache. */
export function countDirectory({ db, caches }: Metrics, clock: Clock): (event: DirectoryEvent) => void {
  return event => {
    if (event.kind === 'asked') {
      db.queries[event.query][event.ok ? 'ok' : 'failed'].inc()
      db.duration[event.query].observe(event.seconds)
    } else if (event.kind === 'lookup') {
      const cached = event.result === 'hit' || event.result === 'grace'
      caches.members[cached ? 'hits' : 'misses'].inc()
    } else if (event.kind === 'refreshed') {
      db.up.set(1)
      db.lastRefresh.set(clock.now())
      if (event.version !== undefined) db.membershipVersion.set(event.version)
      if (event.atMostSeconds !== undefined) db.propagation.observe(event.atMostSeconds)
    } else if (event.kind === 'away') {
      db.up.set(0)
    }
  }
}

/** One attempt to take up something new. */
export function countReload(cells: ReloadCells, taken: boolean, now: number): void {
  cells[taken ? 'ok' : 'failed'].inc()
  noteReload(cells, taken, now)
}

/** How the last one went, without counting it: at the start. */
export function noteReload(cells: ReloadCells, taken: boolean, now: number): void {
  cells.last.set(taken ? 1 : 0)
  if (taken) cells.lastSuccess.set(now)
}

/** Whose certificate expires when; seconds since the epoch. */
export interface CertificateEnd {
  readonly vo: string
  readonly usage: string
  readonly notAfter: number
}

/** What is looked up when somebody asks rather than counted. */
export interface ServingFigures {
  /** Of each VO. */
  readonly limits: AdmissionLimits
  readonly open: ReadonlyMap<string, OpenConnections>
  readonly trust: TrustSummary
  readonly caches: Readonly<Record<'certificates' | 'links' | 'eecVerdicts', CacheFigures>>
  readonly members: number
  readonly pool: PoolFigures | undefined
  readonly certificates: readonly CertificateEnd[]
}

/** Takes the figures of what is served now; undefined: nothing yet. */
export function collectServing(metrics: Metrics, figures: () => ServingFigures | undefined): void {
  const { registry, trust, caches } = metrics
  const growths = new Map<Counter, (total: number) => void>()
  /** One that is in use no longer must not be seen to expire. */
  const certificates = new Set<Gauge>()
  const grow = (counter: Counter, total: number) => {
    const known = growths.get(counter) ?? growth(counter)
    growths.set(counter, known)
    known(total)
  }
  registry.onCollect(() => {
    const now = figures()
    if (now === undefined) return
    for (const [vo, { handshaking, established }] of now.open) {
      const { connections } = metrics.vo(vo)
      connections.handshaking.set(handshaking)
      connections.established.set(established)
      registry
        .gauge('vouchd_connections_limit', { listener: vo, state: 'all' })
        .set(now.limits.maxConnections)
      registry
        .gauge('vouchd_connections_limit', { listener: vo, state: 'handshaking' })
        .set(now.limits.maxHandshakes)
    }
    trust.anchors.set(now.trust.trustAnchors)
    trust.earliestNextUpdate.set(now.trust.earliestNextUpdate ?? Number.NaN)
    for (const [state, count] of Object.entries(now.trust.crls))
      trust.crls[state as keyof typeof trust.crls].set(count)
    for (const cache of ['certificates', 'links', 'eecVerdicts'] as const) {
      grow(caches[cache].hits, now.caches[cache].hits)
      grow(caches[cache].misses, now.caches[cache].misses)
      caches[cache].entries.set(now.caches[cache].entries)
    }
    caches.members.entries.set(now.members)
    if (now.pool !== undefined) {
      const { idle, inUse, waiting } = now.pool
      for (const [state, count] of Object.entries({ idle, in_use: inUse, waiting })) {
        registry.gauge('vouchd_db_pool_connections', { state }).set(count)
      }
    }
    for (const gauge of certificates) gauge.set(Number.NaN)
    for (const { vo, usage, notAfter } of now.certificates) {
      const gauge = registry.gauge('vouchd_certificate_not_after_timestamp_seconds', { usage, vo })
      gauge.set(notAfter)
      certificates.add(gauge)
    }
  })
}

/** Adds what a total has grown by; one that begins anew, as after a reload, adds all it has. */
function growth(counter: Counter): (total: number) => void {
  let before = 0
  return total => {
    counter.inc(total < before ? total : total - before)
    before = total
  }
}
