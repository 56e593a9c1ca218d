import { type BenchServer, load } from './children.ts'
import type { LoadParameters } from './client.ts'
import { processorTimeOf } from './processorTime.ts'
import type { Grant } from './proveAnswer.ts'
import { ISSUED, proveServer } from './proveServer.ts'
import type { LoadResult } from './runLanes.ts'

/** One round of load on one server. */
export interface Round {
  /** Processor time of all its processes and threads, a request. */
  readonly microseconds: number
  readonly perSecond: number
  /** Of each request, milliseconds. */
  readonly latencies: readonly number[]
  readonly milliseconds: LoadResult['milliseconds']
}

export type RoundLoad = Omit<LoadParameters, 'port' | 'expect'>

/** Proves the server's first answer, then has it give so many more, so that its code is compiled. */
export async function warmUp(server: BenchServer, parameters: RoundLoad, grant: Grant): Promise<void> {
  await proveServer(server, parameters, grant)
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
    latencies: result.latencies,
    milliseconds: result.milliseconds,
  }
}
