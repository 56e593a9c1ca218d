import { makeInput } from './makeInput.ts'
import { Random, seedFor } from './random.ts'
import type { FuzzTarget, Outcome } from './target.ts'

export interface Finding {
  readonly target: string
  /** Which input of the run, from 0. */
  readonly number: number
  readonly input: Uint8Array
  readonly problem: string
}

export interface TargetResult {
  readonly target: string
  readonly inputs: number
  readonly accepted: number
  /** How many were refused with which code. */
  readonly refused: Readonly<Record<string, number>>
  readonly findings: readonly Finding[]
  readonly seconds: number
  /** Processor time of the slowest input. */
  readonly slowestMs: number
  /** Growth of the heap, collected, from the first tenth of the run to its end; where the process can collect. */
  readonly heapGrowthBytes: number | undefined
}

export interface RunOptions {
  readonly count: number
  readonly seed: number
  /** Processor time that one input may take; default a second. */
  readonly mostCpuMs?: number
  /** After each thousand inputs. */
  readonly onProgress?: (done: number) => void
}

const MOST_CPU_MS = 1000
const MOST_FINDINGS = 20
/** An input is small; whatever it leaves behind for good is a leak. */
const MOST_HEAP_GROWTH = 32 * 1024 * 1024

/** Runs so many inputs. Stops early after MOST_FINDINGS. */
export async function runTarget(target: FuzzTarget, options: RunOptions): Promise<TargetResult> {
  const random = new Random(seedFor(options.seed, target.name))
  const count = Math.max(1, Math.ceil(options.count / (target.weight ?? 1)))
  const refused = new Map<string, number>()
  const findings: Finding[] = []
  const started = performance.now()
  let [accepted, inputs, slowestMs] = [0, 0, 0]
  let heapBefore: number | undefined
  const one = async (number: number, input: Uint8Array, own: Random) => {
    const { outcome, problem, cpuMs } = await judge(target, input, own, options.mostCpuMs ?? MOST_CPU_MS)
    inputs++
    slowestMs = Math.max(slowestMs, cpuMs)
    if (problem !== undefined) findings.push({ target: target.name, number, input, problem })
    else if (outcome === 'accepted') accepted++
    else refused.set(outcome!, (refused.get(outcome!) ?? 0) + 1)
    if (inputs % 1000 === 0) options.onProgress?.(inputs)
  }
  const underWay = new Set<Promise<void>>()
  for (let number = 0; number < count && findings.length < MOST_FINDINGS; number++) {
    const input = makeInput(random, target)
    const run = one(number, input, new Random(random.next()))
    underWay.add(run)
    run.finally(() => underWay.delete(run))
    if (underWay.size >= (target.parallel ?? 1)) await Promise.race(underWay)
    if (number === Math.floor(count / 10)) heapBefore = collectedHeap()
  }
  await Promise.all(underWay)
  const heapGrowthBytes = growth(heapBefore, collectedHeap())
  if (heapGrowthBytes !== undefined && heapGrowthBytes > MOST_HEAP_GROWTH) {
    const problem = `the heap grew by ${heapGrowthBytes} bytes`
    findings.push({ target: target.name, number: inputs, input: new Uint8Array(), problem })
  }
  const seconds = (performance.now() - started) / 1000
  const byCode = Object.fromEntries([...refused].sort(([a], [b]) => (a < b ? -1 : 1)))
  return {
    target: target.name,
    inputs,
    accepted,
    refused: byCode,
    findings,
    seconds,
    slowestMs,
    heapGrowthBytes,
  }
}

interface Judged {
  readonly outcome?: Outcome
  readonly problem?: string
  readonly cpuMs: number
}

/** The clock on the wall only raises the suspicion: on a busy machine it convicts the innocent. */
async function judge(
  target: FuzzTarget,
  input: Uint8Array,
  random: Random,
  mostCpuMs: number,
): Promise<Judged> {
  const first = await attempt(target, input, random, () => performance.now())
  if (first.problem !== undefined || first.cpuMs < mostCpuMs / 4) return first
  const again = await attempt(target, input, random, processorMs)
  if (again.cpuMs <= mostCpuMs) return again
  return { ...again, problem: `took ${Math.round(again.cpuMs)} ms of processor time` }
}

async function attempt(
  target: FuzzTarget,
  input: Uint8Array,
  random: Random,
  clock: () => number,
): Promise<Judged> {
  const before = clock()
  try {
    const answer = target.run(input, random)
    // Awaiting what is no promise would cost more than most targets do.
    const outcome = answer instanceof Promise ? await answer : answer
    return { outcome, cpuMs: clock() - before }
  } catch (thrown) {
    return { problem: describe(thrown), cpuMs: clock() - before }
  }
}

function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `threw ${String(thrown)}`
  const place = thrown.stack
    ?.split('\n')
    .find(line => /\((?:file:)?\/.*\/(?:src|native-free|test)\//.test(line))
  return `${thrown.name}: ${thrown.message.slice(0, 300)}${place === undefined ? '' : ` ${place.trim()}`}`
}

function processorMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function collectedHeap(): number | undefined {
  if (globalThis.gc === undefined) return undefined
  globalThis.gc()
  return process.memoryUsage().heapUsed
}

function growth(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before
}
