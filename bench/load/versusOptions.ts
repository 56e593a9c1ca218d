import { whole } from '../commandLine.ts'
import type { VersusLoad } from './versus.ts'

/** The options that all comparisons of two ways have. */
export const VERSUS_OPTIONS = {
  connections: { value: '16', about: 'at once' },
  count: { value: '400', about: 'requests a round' },
  rounds: { value: '15', about: 'interleaved pairs of rounds' },
  warmup: { value: '2000', about: 'requests to each before anything is timed' },
} as const

export function versusLoad(values: Readonly<Record<keyof VersusLoad, string>>): VersusLoad {
  const connections = whole(values.connections, 'connections', 1, 1000)
  return {
    connections,
    count: whole(values.count, 'count', connections, 100_000),
    rounds: whole(values.rounds, 'rounds', 1, 1000),
    warmup: whole(values.warmup, 'warmup', connections, 100_000),
  }
}
