import { keepTotals, mergeSnapshots } from './mergeSnapshots.ts'
import type { Snapshot } from './snapshot.ts'

/** The metrics of many processes as one. */
export interface Gatherer {
  /** What a process told of itself, by its number. */
  note(pid: number, snapshot: Snapshot): void
  /** All together: of those alive what they told last, of the others what they counted. */
  merged(own: Snapshot, alive: ReadonlySet<number>): Snapshot
}

/** Remembers what processes told, so that no total goes down when one ends or does not answer. */
export function createGatherer(): Gatherer {
  const last = new Map<number, Snapshot>()
  let departed: Snapshot = []
  return {
    note: (pid, snapshot) => void last.set(pid, snapshot),
    merged(own, alive) {
      for (const [pid, snapshot] of last) {
        if (alive.has(pid)) continue
        departed = keepTotals(departed, snapshot)
        last.delete(pid)
      }
      return mergeSnapshots([own, departed, ...last.values()])
    },
  }
}
