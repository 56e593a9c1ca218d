import { expect, it } from 'vitest'
import type { RequestRecord } from '../../src/events.ts'
import { boundRecord } from '../../src/observe/boundRecord.ts'

const record: RequestRecord = {
  id: '1',
  vo: 'vo.0',
  protocol: 'rest',
  address: '127.0.0.1',
  tls: 'TLSv1.3',
  outcome: 'refused',
  stages: {},
}

it('leaves a record of usual length as it is', () => {
  const usual = {
    ...record,
    holder: `/C=IT/O=${'x'.repeat(990)}`,
    asked: Array.from({ length: 20 }, (_, n) => `G/vo.0/${n}`),
    given: Array.from({ length: 500 }, (_, n) => `/vo.0/${n}`),
  }
  expect(boundRecord(usual)).toEqual(usual)
})

it('cuts what a client can make long, and says how long it was', () => {
  const long = '\\x41'.repeat(100_000)
  const bounded = boundRecord({
    ...record,
    holder: long,
    ca: long,
    detail: long,
    asked: Array(1000).fill(long),
  })
  expect(bounded.holder).toBe(`${long.slice(0, 1000)}... (400000 characters)`)
  expect(bounded.asked).toHaveLength(21)
  expect(bounded.asked!.at(-1)).toBe('... (980 more)')
  expect(JSON.stringify(bounded).length).toBeLessThan(40_000)
})
