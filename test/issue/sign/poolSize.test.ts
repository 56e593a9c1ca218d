import { expect, it } from 'vitest'
import { concurrency } from '../../../src/issue/sign/poolSize.ts'

it.each([
  [1, 1, 1],
  [2, 2, 1],
  [3, 3, 1],
  [4, 3, 1],
  [16, 12, 1],
  [64, 48, 1],
  [0, 1, 1],
  [1.5, 1, 1],
])('%d cores: %d workers with %d signing thread each', (cores, workers, signersPerWorker) => {
  expect(concurrency(cores)).toEqual({ workers, signersPerWorker })
})
