import { keepTotals, mergeSnapshots } from './mergeSnapshots.ts'
import type { Snapshot } from './snapshot.ts'

/** The metrics of many processes as one; whatever stands for a process is its key. */
export interface Gatherer {
  /** What a process told of itself last; may come after its end. */
  note(process: object, snapshot: Snapshot): void
  ended(process: object): void
  /** All together: of those alive what they told last, of the others what they counted. */
  merged(own: Snapshot): Snapshot
}

/** More than ever end at the same time; a last word that comes later than so many ends is not heard. */
const MAX_GONE = 32

/** Remembers what processes told, so that no total goes down when one ends or does not answer. */
export function createGatherer(): Gatherer {
  const alive = new Map<object, Snapshot>()
  /** Those whose last word may still be under way. */
  const gone = new Map<object, Snapshot>()
  let departed: Snapshot = []
  return {
    note(process, snapshot) {
      const where = gone.has(process) ? gone : alive
      where.set(process, snapshot)
    },
    ended(process) {
      gone.set(process, alive.get(process) ?? [])
      alive.delete(process)
      if (gone.size <= MAX_GONE) return
      const [first] = gone
      departed = keepTotals(departed, first![1])
      gone.delete(first![0])
    },
    merged(own) {
      const totals = [...gone.values()].reduce(keepTotals, departed)
      return mergeSnapshots([own, totals, ...alive.values()])
    },
  }
}
