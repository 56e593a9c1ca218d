import { describe, it } from 'vitest'
import { dumpFile } from './dump.ts'
import { missing, type Program } from './programs.ts'

/** Set by .ci/run: a suite that cannot run here is then a failure instead of a skip. */
export const DEMANDED = process.env['VOUCHD_REQUIRE_INTEROP'] === '1'

/**
 * Declares a suite that needs Debian's programs and the data to import. Where they are missing, one skipped
 * (or, when demanded, failing) test names what is missing and how to get it.
 */
export function interopSuite(name: string, programs: readonly Program[], body: () => void): void {
  const why =
    missing(programs) ?? (dumpFile() === undefined ? 'no data to import: ../shared/data' : undefined)
  describe(name, () => {
    if (why === undefined) body()
    else if (DEMANDED) {
      it(`cannot run here: ${why}`, () => {
        throw new Error(why)
      })
    } else it.skip(`skipped: ${why}`, () => {})
  })
}
