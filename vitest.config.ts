import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Most suites wait for servers and clients that they start: two at a time use two cores better than one.
    maxWorkers: 2,
  },
})
