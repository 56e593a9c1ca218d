import { describe, expect, it } from 'vitest'
import { decideValidity, type ValidityInput } from '../../src/issue/validity.ts'
import { seconds } from '../pki/moment.ts'

const defaults: ValidityInput = {
  now: seconds('2026-10-05T12:00:00Z'),
  requestedSeconds: 3600,
  maxLifetimeSeconds: 86_400,
  issuerNotBefore: seconds('2026-01-01T00:00:00Z'),
  issuerNotAfter: seconds('2027-01-01T00:00:00Z'),
}

describe('decideValidity', () => {
  it.each<[string, Partial<ValidityInput>, string, string]>([
    ['what was asked', {}, '2026-10-05T12:00:00Z', '2026-10-05T13:00:00Z'],
    ['one second', { requestedSeconds: 1 }, '2026-10-05T12:00:00Z', '2026-10-05T12:00:01Z'],
    ['exactly the maximum', { requestedSeconds: 86_400 }, '2026-10-05T12:00:00Z', '2026-10-06T12:00:00Z'],
    ['above the maximum', { requestedSeconds: 86_401 }, '2026-10-05T12:00:00Z', '2026-10-06T12:00:00Z'],
    ['nothing asked', { requestedSeconds: undefined }, '2026-10-05T12:00:00Z', '2026-10-06T12:00:00Z'],
    ['zero', { requestedSeconds: 0 }, '2026-10-05T12:00:00Z', '2026-10-06T12:00:00Z'],
    ['negative', { requestedSeconds: -5 }, '2026-10-05T12:00:00Z', '2026-10-06T12:00:00Z'],
    ['not a number', { requestedSeconds: Number.NaN }, '2026-10-05T12:00:00Z', '2026-10-06T12:00:00Z'],
    ['less than a second', { requestedSeconds: 0.5 }, '2026-10-05T12:00:00Z', '2026-10-06T12:00:00Z'],
    ['a fraction', { requestedSeconds: 61.9 }, '2026-10-05T12:00:00Z', '2026-10-05T12:01:01Z'],
    ['a clock with fractions', { now: defaults.now + 0.9 }, '2026-10-05T12:00:00Z', '2026-10-05T13:00:00Z'],
    [
      'the AC issuer ends exactly then',
      { issuerNotAfter: seconds('2026-10-05T13:00:00Z') },
      '2026-10-05T12:00:00Z',
      '2026-10-05T13:00:00Z',
    ],
    [
      'the AC issuer ends before',
      { issuerNotAfter: seconds('2026-10-05T12:59:59Z') },
      '2026-10-05T12:00:00Z',
      '2026-10-05T12:59:59Z',
    ],
    [
      'the AC issuer has one second left',
      { issuerNotAfter: seconds('2026-10-05T12:00:01Z') },
      '2026-10-05T12:00:00Z',
      '2026-10-05T12:00:01Z',
    ],
    [
      'the AC issuer begins now',
      { issuerNotBefore: defaults.now },
      '2026-10-05T12:00:00Z',
      '2026-10-05T13:00:00Z',
    ],
  ])('%s', (_, override, notBefore, notAfter) => {
    expect(decideValidity({ ...defaults, ...override })).toEqual({
      notBefore: seconds(notBefore),
      notAfter: seconds(notAfter),
    })
  })

  it.each<[string, Partial<ValidityInput>, RegExp]>([
    ['expires in this second', { issuerNotAfter: defaults.now }, /has expired/],
    ['has expired', { issuerNotAfter: defaults.now - 1 }, /has expired/],
    ['begins in the next second', { issuerNotBefore: defaults.now + 1 }, /is not valid yet/],
  ])('refuses when the AC issuer %s', (_, override, cause) => {
    const attempt = () => decideValidity({ ...defaults, ...override })
    expect(attempt).toThrow(expect.objectContaining({ code: 'internal' }))
    expect(attempt).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ message: expect.stringMatching(cause) }) }),
    )
  })
})
