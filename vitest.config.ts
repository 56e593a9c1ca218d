import { defineConfig } from 'vitest/config'
import LongestFirst from './test/longestFirst.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/store/blankDatabaseSetup.ts',
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Most suites wait for servers and clients that they start: two at a time use two cores better than one.
    maxWorkers: 2,
    // Of the tests of a file that says that they may run at once.
    maxConcurrency: 2,
    sequence: { sequencer: LongestFirst },
  },
})
