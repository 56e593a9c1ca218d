import { type BenchServer, load } from './children.ts'
import type { LoadParameters } from './client.ts'
import { processorTimeOf } from './processorTime.ts'

/** One round of load on one server. */
export interface Round {
  /** Processor time of all its processes and threads, a request. */
  readonly microseconds: number
  readonly perSecond: number
  readonly milliseconds: Readonly<Record<'p50' | 'p95' | 'p99' | 'p99.9', number>>
}

/** What an answer that issued an AC ends with in either protocol. */
export const ISSUED = '</ac></vo'

export type RoundLoad = Omit<LoadParameters, 'port' | 'expect'>

/** Far more than the first look-up of a database that was just started takes, on a busy machine too. */
const FIRST_ANSWER_MS = 60_000

/** Waits until the server gives a right answer, then has it give so many more, so that its code is compiled. */
export async function warmUp(server: BenchServer, parameters: RoundLoad): Promise<void> {
  const until = performance.now() + FIRST_ANSWER_MS
  for (;;) {
    const isLast = performance.now() > until
    const one = { ...parameters, port: server.port, expect: ISSUED, count: 1, connections: 1 }
    const answered = load(one, !isLast).then(() => true)
    if (await (isLast ? answered : answered.catch(() => false))) break
  }
  await measureRound(server, parameters)
}

/** Puts a bounded load on a server. Any answer that is not as expected ends the benchmark. */
export async function measureRound(server: BenchServer, parameters: RoundLoad): Promise<Round> {
  const before = processorTimeOf(server.pid)
  const result = await load({ ...parameters, port: server.port, expect: ISSUED })
  const used = processorTimeOf(server.pid) - before
  return {
    microseconds: (used / result.count) * 1e6,
    perSecond: result.count / result.seconds,
    milliseconds: result.milliseconds,
  }
}
