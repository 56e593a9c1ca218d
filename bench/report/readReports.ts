import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BENCHMARKS } from '../benchmarks.ts'
import type { Reports } from './makeReport.ts'

/** What `npm run bench` kept in a folder, in the order of the benchmarks. */
export function readReports(folder: string): Reports {
  return Object.fromEntries(
    BENCHMARKS.flatMap(({ name }) => {
      const file = join(folder, `${name}.json`)
      return existsSync(file) ? [[name, JSON.parse(readFileSync(file, 'utf8'))]] : []
    }),
  )
}
