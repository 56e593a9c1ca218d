import { figuresTable } from './figuresTable.ts'
import type { Reports } from './makeReport.ts'
import { runsTable } from './runsTable.ts'
import { signingTable } from './signingTable.ts'

/** What bench/README.md shows of the results that were kept, by the name of its block. */
export function readmeBlocks(reports: Reports): Readonly<Record<string, string>> {
  const signing = signingTable(reports)
  return {
    figures: `${figuresTable(reports)}\n\n${runsTable(reports)}`,
    ...(signing !== undefined && { signing }),
  }
}
