import { describe, expect, it } from 'vitest'
import { allowList } from '../../src/observe/allowList.ts'

describe('who may watch', () => {
  const allows = allowList(['192.0.2.0/24', '198.51.100.7', '2001:db8::/32'])
  it.each([
    ['192.0.2.1', true],
    ['192.0.3.1', false],
    ['198.51.100.7', true],
    ['198.51.100.8', false],
    ['2001:db8:1::1', true],
    ['2001:db9::1', false],
    ['127.0.0.9', true],
    ['::1', true],
    [undefined, true],
    ['', false],
  ])('%s: %s', (address, allowed) => {
    expect(allows(address)).toBe(allowed)
  })

  it('is everybody without a list', () => {
    expect(allowList(undefined)('203.0.113.1')).toBe(true)
  })
})
