import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { latin1ToBytes } from '../../../native-free/bytes/latin1.ts'
import {
  decodeGeneralizedTime,
  decodeUtcTime,
  formatGeneralizedTime,
  formatUtcTime,
  MAX_TIME,
  MIN_TIME,
} from '../../../native-free/der/time.ts'

const seconds = (iso: string) => Date.parse(iso) / 1000
const utc = (text: string) => decodeUtcTime(latin1ToBytes(text))
const generalized = (text: string) => decodeGeneralizedTime(latin1ToBytes(text))

it.each([
  ['500101000000Z', '1950-01-01T00:00:00Z'],
  ['491231235959Z', '2049-12-31T23:59:59Z'],
  ['700101000000Z', '1970-01-01T00:00:00Z'],
  ['240229120000Z', '2024-02-29T12:00:00Z'],
  ['000301000000Z', '2000-03-01T00:00:00Z'],
])('UTCTime %s is %s, both ways', (text, iso) => {
  expect(utc(text)).toBe(seconds(iso))
  expect(formatUtcTime(seconds(iso))).toBe(text)
})

it.each([
  ['00000101000000Z', '0000-01-01T00:00:00Z'],
  ['19000228235959Z', '1900-02-28T23:59:59Z'],
  ['20500101000000Z', '2050-01-01T00:00:00Z'],
  ['99991231235959Z', '9999-12-31T23:59:59Z'],
])('GeneralizedTime %s is %s, both ways', (text, iso) => {
  expect(generalized(text)).toBe(seconds(iso))
  expect(formatGeneralizedTime(seconds(iso))).toBe(text)
})

describe('refuses with DER_BAD_TIME', () => {
  const bad = expect.objectContaining({ code: 'DER_BAD_TIME' })
  it.each([
    '240230000000Z',
    '230229000000Z',
    '241301000000Z',
    '240001000000Z',
    '240100000000Z',
    '240132000000Z',
    '240431000000Z',
    '240101240000Z',
    '240101006000Z',
    '240101000060Z',
    '2401010000Z',
    '240101000000z',
    '240101000000+',
    '2401010000001',
    '24010100000 Z',
    '',
  ])('UTCTime %j', text => {
    expect(() => utc(text)).toThrow(bad)
  })
  it.each(['19000229000000Z', '20240101000000.0Z', '20240101000000', '202401010000Z', '20240101000000+0000'])(
    'GeneralizedTime %j',
    text => {
      expect(() => generalized(text)).toThrow(bad)
    },
  )
  it.each([MIN_TIME - 1, MAX_TIME + 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('writing %d', n => {
    expect(() => formatGeneralizedTime(n)).toThrow(bad)
  })
  it.each([seconds('1949-12-31T23:59:59Z'), seconds('2050-01-01T00:00:00Z')])('%d as UTCTime', n => {
    expect(() => formatUtcTime(n)).toThrow(bad)
  })
})

it('agrees with the calendar of the platform on every second', () => {
  fc.assert(
    fc.property(fc.integer({ min: MIN_TIME, max: MAX_TIME }), n => {
      const iso = new Date(n * 1000).toISOString()
      const text = formatGeneralizedTime(n)
      expect(text).toBe(iso.replace(/\.000Z$/, 'Z').replace(/[-:T]/g, ''))
      expect(generalized(text)).toBe(n)
    }),
    { numRuns: 1000 },
  )
})
