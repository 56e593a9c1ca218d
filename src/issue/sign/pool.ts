import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import { besideModule } from '../../besideModule.ts'
import { VomsError } from '../../errors.ts'
import { spend } from '../prepare.ts'
import type { Prepared, Signer, SigningKey } from '../types.ts'
import { SigningKeyFault } from './loadSigningKey.ts'
import type { SignerObserver } from './observer.ts'
import type { SignBatch, SignedBatch } from './signWorker.ts'

export interface SignerPoolOptions {
  readonly threads: number
  /** How many values may wait for a thread; the next is refused with 'overloaded'. */
  readonly maxQueue: number
  /** The file that threads run; another one only in tests. */
  readonly workerFile?: URL
  /** Seconds after which a thread that has not answered is taken to hang; others only in tests. */
  readonly hangSeconds?: number
  /** Other settings than DEFAULT_TUNING; only in benchmarks. */
  readonly tuning?: Partial<PoolTuning>
}

/** What bench/micro/sign.ts compares. */
export interface PoolTuning {
  /** How a thread waits for the next message; see piscina. */
  readonly atomics: 'sync' | 'async' | 'disabled'
  /** Batches that may be on their way to, in, or on their way from one thread. */
  readonly batchesPerThread: number
  /** Values in one batch. */
  readonly maxBatch: number
}

/** Threads that sign for any number of VOs. They alone read keys; only bytes and plain fields pass between. */
export interface SignerPool {
  /** A signer for one key. Every thread loads it first: throws SigningKeyFault when it is not as it must be. */
  signer(key: SigningKey): Promise<Signer>
  /** Waits for what was accepted, then ends the threads. */
  close(): Promise<void>
}

interface Waiting {
  readonly key: SigningKey
  readonly bytes: Uint8Array
  readonly since: number
  /** The thread that had it before is gone. */
  again: boolean
  resolve(signature: Uint8Array): void
  reject(error: Error): void
}

const WORKER_FILE = besideModule('./signWorker', import.meta.url)

/**
 * From bench/micro/sign.ts: one value a message costs 28 to 64 % more processor time than the bare signature, up to 8
 * a message 10 to 31 %, and 32 no less; how a thread waits makes no difference that stands out of the noise. Beside a
 * busy event loop small batches and a second one on its way keep the thread from idling, and plain message events
 * (`disabled`) do without blocking waits. vouchd_signer_hop_seconds above a few signatures' time would speak for
 * other values.
 */
const DEFAULT_TUNING: PoolTuning = { atomics: 'disabled', batchesPerThread: 2, maxBatch: 8 }

/** Threads that die this often in a row without one answer are left alone for a while. */
const MAX_DEATHS = 16
const PAUSE_MS = 1_000

/** A batch takes milliseconds, a machine that is overloaded may hold it up for a second; a client waits for fifteen. */
const HANG_SECONDS = 5

/** Starts the threads. They do not keep the process alive. */
export function createSignerPool(options: SignerPoolOptions, observer: SignerObserver): SignerPool {
  const { threads, maxQueue } = options
  const { atomics, batchesPerThread, maxBatch } = { ...DEFAULT_TUNING, ...options.tuning }
  const hangSeconds = options.hangSeconds ?? HANG_SECONDS
  let piscina = startThreads()

  function startThreads(): Piscina<SignBatch, SignedBatch> {
    const started = new Piscina<SignBatch, SignedBatch>({
      filename: options.workerFile === undefined ? WORKER_FILE : fileURLToPath(options.workerFile),
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: batchesPerThread,
      atomics,
      env: {},
      trackUnmanagedFds: false,
      recordTiming: false,
    })
    started.on('error', error => died(started, error as Error))
    return started
  }

  const waiting: Waiting[] = []
  let underWay = 0
  let flushPlanned = false
  let deathsInARow = 0
  let broken = false
  let closing: Promise<void> | undefined
  /** What threads have now, and for how many ticks: a machine that slept has no thread that hangs. */
  const flights = new Set<{ ticks: number }>()
  const tick = setInterval(lookForHang, 1_000)
  tick.unref()
  let retries = Promise.resolve()
  let pause: NodeJS.Timeout | undefined
  let onIdle: (() => void) | undefined

  function planFlush(): void {
    if (flushPlanned) return
    flushPlanned = true
    queueMicrotask(flush)
  }

  function flush(): void {
    flushPlanned = false
    while (waiting.length > 0 && !broken && underWay < threads * batchesPerThread) {
      const free = threads * batchesPerThread - underWay
      const size = Math.min(maxBatch, Math.ceil(waiting.length / Math.min(free, threads)))
      void send(waiting.splice(0, size))
    }
    observer.queueLength(waiting.length)
    if (waiting.length === 0 && underWay === 0) onIdle?.()
  }

  async function send(items: readonly Waiting[]): Promise<void> {
    const sent = performance.now()
    const threadsThen = piscina
    underWay++
    try {
      const batch = await run(pack(items))
      const workSeconds = batch.workSeconds
      const hopSeconds = (performance.now() - sent) / 1000 - workSeconds
      const waitSeconds = (sent - items[0]!.since) / 1000
      observer.batch({ size: items.length, waitSeconds, workSeconds, hopSeconds })
      deliver(items, batch)
    } catch (cause) {
      died(threadsThen, cause as Error)
      sendAgain(items, cause)
    } finally {
      underWay--
      flush()
    }
  }

  async function run(batch: SignBatch): Promise<SignedBatch> {
    const flight = { ticks: 0 }
    flights.add(flight)
    try {
      const signed = await piscina.run(batch)
      deathsInARow = 0
      return signed
    } finally {
      flights.delete(flight)
    }
  }

  /** Once, and each by itself after the other: what ends every thread takes nothing else with it. */
  function sendAgain(items: readonly Waiting[], cause: unknown): void {
    for (const item of items) {
      if (item.again || broken) {
        rejectAll([item], cause)
        continue
      }
      item.again = true
      underWay++
      retries = retries.then(() => {
        underWay--
        return send([item])
      })
    }
  }

  /** Nothing tells which thread it is: all are replaced, and what they had is sent again. */
  function lookForHang(): void {
    for (const flight of flights) flight.ticks++
    if (broken || [...flights].every(({ ticks }) => ticks <= hangSeconds)) return
    observer.fault(new Error(`a signing thread has not answered for ${hangSeconds} s`))
    const hung = piscina
    piscina = startThreads()
    void hung.destroy()
  }

  /**
   * Piscina has replaced the thread already; this gives threads that only die a pause. Of those that were all replaced,
   * the end is no news.
   */
  function died(of: typeof piscina, cause: Error): void {
    if (of !== piscina) return
    observer.fault(cause)
    deathsInARow++
    if (broken || deathsInARow < MAX_DEATHS) return
    broken = true
    rejectAll(waiting.splice(0), cause)
    void piscina.destroy()
    pause = setTimeout(() => {
      deathsInARow = 0
      broken = false
      piscina = startThreads()
    }, PAUSE_MS)
    pause.unref()
  }

  async function loadEverywhere(key: SigningKey): Promise<void> {
    const load = { keys: [key], keyOf: [], lengths: [], bytes: new Uint8Array() }
    const answers = await Promise.all(Array.from({ length: threads }, () => run(load)))
    for (const { faults } of answers) {
      const fault = faults?.[0]
      if (fault !== undefined) throw new SigningKeyFault(fault.code, fault.message)
    }
  }

  function enqueue(key: SigningKey, prepared: Prepared): Promise<Uint8Array> {
    if (closing || broken) {
      const state = broken ? 'the threads keep dying' : 'the signer is closed'
      return Promise.reject(new VomsError('internal', {}, new Error(state)))
    }
    // What came in this turn is still in the queue, though threads may be free for it.
    if (waiting.length >= maxQueue) flush()
    if (waiting.length >= maxQueue) return Promise.reject(new VomsError('overloaded', {}))
    return new Promise((resolve, reject) => {
      const bytes = spend(prepared, key)
      waiting.push({ key, bytes, since: performance.now(), again: false, resolve, reject })
      planFlush()
    })
  }

  return {
    async signer(key) {
      await loadEverywhere(key)
      return signerOf(key, enqueue)
    },
    close() {
      closing ??= drain()
      return closing
    },
  }

  async function drain(): Promise<void> {
    const idle = new Promise<void>(resolve => {
      onIdle = resolve
    })
    flush()
    await idle
    clearInterval(tick)
    clearTimeout(pause)
    await piscina.close()
  }
}

function rejectAll(items: readonly Waiting[], cause: unknown): void {
  for (const item of items) item.reject(new VomsError('internal', {}, cause))
}

/** One key's face of the pool. Closing it waits for its own values and leaves the pool alone. */
function signerOf(
  key: SigningKey,
  enqueue: (key: SigningKey, prepared: Prepared) => Promise<Uint8Array>,
): Signer {
  const pending = new Set<Promise<unknown>>()
  let closed = false
  return {
    async sign(prepared) {
      if (closed) throw new VomsError('internal', {}, new Error('the signer is closed'))
      const signature = enqueue(key, prepared)
      pending.add(signature)
      return signature.finally(() => pending.delete(signature))
    },
    async close() {
      closed = true
      await Promise.allSettled(pending)
    },
  }
}

/** All values as one message. */
function pack(items: readonly Waiting[]): SignBatch {
  const keys: SigningKey[] = []
  const keyOf: number[] = []
  const lengths: number[] = []
  let size = 0
  for (const { key, bytes } of items) {
    const known = keys.indexOf(key)
    keyOf.push(known < 0 ? keys.push(key) - 1 : known)
    lengths.push(bytes.length)
    size += bytes.length
  }
  const bytes = new Uint8Array(size)
  let at = 0
  for (const item of items) {
    bytes.set(item.bytes, at)
    at += item.bytes.length
  }
  return { keys, keyOf, lengths, bytes }
}

/** Hands each its signature, or its key's fault. */
function deliver(items: readonly Waiting[], { lengths, bytes, faults }: SignedBatch): void {
  const keys = [...new Set(items.map(item => item.key))]
  let at = 0
  items.forEach((item, index) => {
    const length = lengths[index] ?? 0
    if (length > 0) item.resolve(bytes.slice(at, at + length))
    else {
      const fault = faults?.[keys.indexOf(item.key)]
      const cause = fault && new SigningKeyFault(fault.code, fault.message)
      item.reject(new VomsError('internal', {}, cause ?? new Error('no signature came back')))
    }
    at += length
  })
}
