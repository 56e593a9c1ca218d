import { existsSync } from 'node:fs'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * What takes longest, longest first. Vitest goes by the size of a file where it has not measured it yet, as in a fresh
 * checkout; the longest are short ones, so that they came last and one core waited for the other.
 */
const LONGEST = [
  'faults/faults',
  'interop/dropIn',
  'store/owner',
  'observe/alertsOfRuns',
  'supervise/workers',
  'bench/smoke',
  'faults/soak',
  'faults/slowClients',
  'faults/restoreDrill',
  'adopt/scale',
].map(name => `${import.meta.dirname}/${name}.test.ts`)

/** Runs the longest test files first, the others in Vitest's own order. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const gone = LONGEST.filter(name => !existsSync(name))
    if (gone.length > 0) throw new Error(`test/longestFirst.ts names ${gone.join(', ')}, which is not there`)
    const rank = ({ moduleId }: TestSpecification) => {
      const place = LONGEST.indexOf(moduleId)
      return place === -1 ? LONGEST.length : place
    }
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b))
  }
}
