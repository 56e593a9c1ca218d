import { describe, expect, it } from 'vitest'
import { DEMANDED } from '../interop/demand.ts'
import { RUNS } from './runs.ts'

// `npm run faults` does the same for as long as it takes to know. Most of the time each waits for processes to start and
// for faults to be noticed, so two are under way at once; only what took long is not held against them here.
describe.concurrent.each(RUNS)('$name', ({ about, run, short, missing }) => {
  const lacking = missing?.()
  const title = lacking === undefined || DEMANDED ? about : `${about} (skipped: ${lacking})`
  it.skipIf(lacking !== undefined && !DEMANDED)(title, { timeout: 600_000 }, async () => {
    const { figures, wrong } = await run(short, () => {})
    expect({ figures, wrong }).toEqual({ figures, wrong: [] })
  })
})
