import { systemClock } from '../../src/clock.ts'
import { createBenchWorld, type HostKind, REQUESTS } from './benchWorld.ts'
import { type BenchServer, freePort, type StartOptions, startVouchd } from './children.ts'
import { interleave } from './interleave.ts'
import { measureRound, type Round, warmUp } from './measureRound.ts'
import { median } from './statistics.ts'

/** One way to set the daemon up. */
export interface Way {
  readonly host: HostKind
  /** TOML before [[vo]]. */
  readonly config: string
  /** Told what was started, its warm-up done, and the rounds not yet begun. */
  readonly onWarm?: (server: BenchServer) => void
  readonly start?: StartOptions
}

export interface VersusLoad {
  readonly connections: number
  readonly count: number
  readonly rounds: number
  readonly warmup: number
}

/** One way over another: the median over interleaved pairs of rounds. */
export interface Versus {
  readonly processorTimeRatio: number
  readonly throughputRatio: number
  readonly p50Ratio: number
  readonly microseconds: readonly [number, number]
  readonly perSecond: readonly [number, number]
}

/** The same load of full TLS connections on two daemons, each in a world of its own (an embedded database has one owner). */
export async function versus(ways: readonly [Way, Way], load: VersusLoad): Promise<Versus> {
  await using opened = new AsyncDisposableStack()
  const sides: ((count: number) => Promise<Round>)[] = []
  for (const { host, config, onWarm, start } of ways) {
    const world = await createBenchWorld(systemClock.now())
    opened.defer(() => world.remove())
    const port = await freePort()
    const server = await startVouchd(world.configure(host, port, config), port, start)
    opened.defer(() => server.stop())
    const parameters = {
      credential: world.client('proxy'),
      request: REQUESTS.rest,
      connections: load.connections,
    }
    const run = (count: number) => measureRound(server, { ...parameters, count })
    await warmUp(server, { ...parameters, count: load.warmup }, world.grant())
    onWarm?.(server)
    sides.push(run)
  }
  const [these, those] = (await interleave(
    load.rounds,
    sides.map(run => () => run(load.count)),
  )) as [Round[], Round[]]
  const ratio = (of: (round: Round) => number) => median(these.map((round, i) => of(round) / of(those[i]!)))
  const both = (of: (round: Round) => number) => [median(these.map(of)), median(those.map(of))] as const
  return {
    processorTimeRatio: ratio(round => round.microseconds),
    throughputRatio: ratio(round => round.perSecond),
    p50Ratio: ratio(round => round.milliseconds.p50),
    microseconds: both(round => round.microseconds),
    perSecond: both(round => round.perSecond),
  }
}
