import { expect, it } from 'vitest'
import { parseEnd } from '../../src/admin/parseEnd.ts'

it.each([
  ['2027-01-31', '2027-01-31T23:59:59.000Z'],
  ['2028-02-29', '2028-02-29T23:59:59.000Z'],
  ['2027-01-31T12:00:00Z', '2027-01-31T12:00:00.000Z'],
  ['2027-01-31T12:00Z', '2027-01-31T12:00:00.000Z'],
])('%s ends at %s', (text, end) => {
  expect(parseEnd(text)?.toISOString()).toBe(end)
})

it('never is no end', () => {
  expect(parseEnd('never')).toBeNull()
})

it.each([
  '',
  'tomorrow',
  '2027-02-29',
  '2027-13-01',
  '31.01.2027',
  '2027-1-31',
  '2027-01-31T25:00:00Z',
  '2027-01-31T12:00:00',
  '2027-01-31 ',
])('%j is refused', text => {
  expect(() => parseEnd(text)).toThrow(expect.objectContaining({ code: 'ADMIN_VALUE' }))
})
