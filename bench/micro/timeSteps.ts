import { median } from '../load/statistics.ts'

/** Gives a number that depends on its work, so that none can be left out. */
export type Step = () => number | Promise<number>

export interface StepTime {
  readonly step: string
  /** Processor time of this thread. */
  readonly 'median µs': number
}

/** The system counts a thread's time in ticks of up to 4 ms; a sample has to be far longer. */
const LEAST_MS = 40

/**
 * The steps in interleaved rounds, each so many times a round, and more often where that would be too short to measure;
 * a first round warms up and does not count.
 */
export async function timeSteps(
  steps: Readonly<Record<string, Step>>,
  { rounds, count }: { readonly rounds: number; readonly count: number },
): Promise<StepTime[]> {
  let sink = 0
  async function run(step: Step, times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      const result = step()
      // Waiting for what is there already would cost a turn of the loop.
      sink += typeof result === 'number' ? result : await result
    }
  }

  const timed = Object.entries(steps).map(([name, step]) => ({
    name,
    step,
    times: count,
    taken: [] as number[],
  }))
  for (const each of timed) {
    await run(each.step, count)
    const since = performance.now()
    await run(each.step, count)
    each.times = Math.ceil(count * Math.max(1, LEAST_MS / (performance.now() - since)))
  }
  for (let round = 0; round < rounds; round++) {
    for (const { step, times, taken } of timed) {
      const start = process.threadCpuUsage()
      await run(step, times)
      const { user, system } = process.threadCpuUsage(start)
      taken.push((user + system) / times)
    }
  }
  if (sink === 0) throw new Error('nothing was done')
  if (!Number.isFinite(sink)) throw new Error('a step answers wrongly')
  return timed.map(({ name, taken }) => ({ step: name, 'median µs': Number(median(taken).toFixed(2)) }))
}
