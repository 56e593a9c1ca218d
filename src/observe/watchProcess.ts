import { readdirSync, readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import type { Clock } from '../clock.ts'
import { each, type Metrics } from './metrics.ts'
import type { Registry } from './registry.ts'

export interface WatchProcessDeps {
  readonly clock: Clock
  /** Milliseconds from anywhere, never going back. */
  readonly monotonic: () => number
}

/**
 * How often the event loop is asked how late it is: whoever blocks it for longer is seen, and twenty timers a second
 * cost nothing that can be measured.
 */
const BEAT_MS = 50
/** The wall clock is read in whole seconds, so that less than two cannot be told from rounding. */
const STEP_SECONDS = 2
/** How much of a difference each beat forgets: a clock that is slewed for weeks has made no step. */
const FORGET = 0.001

/** Measures this process: its event loop, clock, memory, processor time and files. Returns how to stop. */
export function watchProcess(
  { registry, worker }: Pick<Metrics, 'registry' | 'worker'>,
  deps: WatchProcessDeps,
): () => void {
  const delay = registry.histogram('vouchd_event_loop_delay_seconds')
  const noteClock = clockWatcher(registry, deps)
  let due = deps.monotonic() + BEAT_MS
  const beat = setInterval(() => {
    const now = deps.monotonic()
    delay.observe(Math.max(0, now - due) / 1000)
    due = now + BEAT_MS
    noteClock()
  }, BEAT_MS)
  beat.unref()

  const busy = registry.counter('vouchd_event_loop_busy_seconds_total', { worker })
  const cpu = registry.counter('process_cpu_seconds_total', { worker })
  const resident = registry.gauge('process_resident_memory_bytes', { worker })
  const heap = registry.gauge('process_heap_bytes', { worker })
  const openFds = registry.gauge('process_open_fds', { worker })
  registry.gauge('process_max_fds', { worker }).set(maxFds())
  registry
    .gauge('process_start_time_seconds', { worker })
    .set(deps.clock.now() - Math.round(process.uptime()))
  registry.onCollect(() => {
    busy.value = performance.eventLoopUtilization().active / 1000
    const { user, system } = process.cpuUsage()
    cpu.value = (user + system) / 1e6
    const memory = process.memoryUsage()
    resident.set(memory.rss)
    heap.set(memory.heapUsed)
    openFds.set(countFds())
  })
  return () => clearInterval(beat)
}

/** Compares the wall clock with the one that cannot jump. */
function clockWatcher(registry: Registry, { clock, monotonic }: WatchProcessDeps): () => void {
  const steps = each(['forward', 'back'], direction =>
    registry.counter('vouchd_clock_steps_total', { direction }),
  )
  const offset = () => clock.now() - monotonic() / 1000
  let before = offset()
  return () => {
    const now = offset()
    if (Math.abs(now - before) < STEP_SECONDS) {
      before += (now - before) * FORGET
      return
    }
    steps[now > before ? 'forward' : 'back'].inc()
    before = now
  }
}

/** NaN where there is no /proc. */
function countFds(): number {
  try {
    // The folder itself is open while it is read.
    return readdirSync('/proc/self/fd').length - 1
  } catch {
    return Number.NaN
  }
}

/** How many the process may have; NaN: not known. */
export function maxFds(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    return limit === undefined ? Number.NaN : Number(limit)
  } catch {
    return Number.NaN
  }
}
