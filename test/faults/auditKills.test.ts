import { expect, it } from 'vitest'
import { killAudited } from './killAudited.ts'

it('leaves no client with an AC that is not recorded, whichever processes are killed', async () => {
  const result = await killAudited({ kills: 10, seed: 20_261_005, lanes: 8 })
  expect(result).toMatchObject({ kills: 10, missing: [], duplicates: [], faults: [] })
  expect(result.received).toBeGreaterThan(50)
  expect(result.recorded).toBeGreaterThanOrEqual(result.received)
}, 240_000)
