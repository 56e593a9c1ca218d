// What a second worker costs and gives: the same load on a daemon with two workers and on one with one, in interleaved
// rounds, and how evenly the two share the connections. Run: node bench/load/workers.ts [options]
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readOptions, whole } from '../commandLine.ts'
import { printResult } from '../printResult.ts'
import { versus } from './versus.ts'
import { VERSUS_OPTIONS, versusLoad } from './versusOptions.ts'

const values = readOptions('node bench/load/workers.ts [options]', {
  ...VERSUS_OPTIONS,
  connections: { value: '64', about: 'at once; enough to keep both busy' },
  workers: { value: '2', about: 'processes that serve, held against one' },
})
const load = versusLoad(values)
const workers = whole(values.workers, 'workers', 2, 64)
const folder = mkdtempSync(join(tmpdir(), 'vouchd-bench-log-'))
try {
  const logFile = join(folder, 'log')
  let warm = 0
  const { microseconds, perSecond, ...ratios } = await versus(
    [
      {
        host: 'rsa',
        config: `[processes]\nworkers = ${workers}\n`,
        start: { logFile },
        onWarm() {
          warm = readFileSync(logFile).length
        },
      },
      { host: 'rsa', config: '[processes]\nworkers = 1\n' },
    ],
    load,
  )
  const shares = sharesOf(readFileSync(logFile).subarray(warm).toString(), load.rounds * load.count)
  const [manyMicroseconds, oneMicroseconds] = microseconds
  const [manyPerSecond, onePerSecond] = perSecond
  printResult(
    {
      benchmark: 'workers',
      setting: { ...load, workers },
      node: process.version,
      ...ratios,
      lesserShare: (Math.min(...shares) * workers) / 2,
      shares,
      ...{ manyMicroseconds, oneMicroseconds, manyPerSecond, onePerSecond },
    },
    values.json,
  )
} finally {
  rmSync(folder, { recursive: true })
}

/** What part of the ACs each worker issued, by the log. */
function sharesOf(log: string, issued: number): number[] {
  const counts = Array.from({ length: workers }, () => 0)
  for (const line of log.split('\n')) {
    if (!line.includes('"outcome":"issued"')) continue
    counts[(JSON.parse(line) as { worker: number }).worker]!++
  }
  const sum = counts.reduce((a, b) => a + b, 0)
  if (sum !== issued) throw new Error(`the log tells of ${sum} ACs, ${issued} were issued`)
  return counts.map(each => each / sum)
}
