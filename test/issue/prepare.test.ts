import { describe, expect, it } from 'vitest'
import { holdsLintedBytes, prepare, spend } from '../../src/issue/prepare.ts'
import { createProfile } from '../../src/issue/profile.ts'
import { createAcIssuer, profileConfig } from '../fakes/acIssuer.ts'
import { fixedClock, fixedSerials, grantOf } from '../fakes/grant.ts'

const profile = createProfile(profileConfig(createAcIssuer()))
const key = { keyId: profile.keyId, digest: 'sha256' } as const
const prepared = () => prepare(grantOf(), profile, fixedClock, fixedSerials)
const causeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return String((error as Error).cause)
  }
  return 'no error'
}

describe('a Prepared', () => {
  it('gives its bytes once', () => {
    const once = prepared()
    expect(spend(once, key)).toBe(once.tbs)
    expect(causeOf(() => spend(once, key))).toContain('signed before')
  })

  it('cannot be made outside of prepare()', () => {
    const { tbs, content } = prepared()
    expect(causeOf(() => spend({ tbs, content }, key))).toContain('not made by prepare()')
    expect(causeOf(() => spend({ ...prepared() }, key))).toContain('not made by prepare()')
  })

  it('is good for the key and digest that it was made for alone', () => {
    const one = prepared()
    expect(causeOf(() => spend(one, { ...key, keyId: '00' }))).toContain('another key')
    expect(causeOf(() => spend(one, { ...key, digest: 'sha512' }))).toContain('another key or digest')
  })

  it('knows its linted bytes within a larger value, and a change of any of them', () => {
    const one = prepared()
    const ac = Uint8Array.of(0x30, 0x82, 0xff, 0xff, ...one.tbs, 1, 2, 3)
    expect(holdsLintedBytes(ac, one)).toBe(true)
    for (const at of [4, 500, 4 + one.tbs.length - 1]) {
      const flipped = ac.slice()
      flipped[at]! ^= 0x80
      expect(holdsLintedBytes(flipped, one)).toBe(false)
    }
    expect(holdsLintedBytes(ac.subarray(0, one.tbs.length), one)).toBe(false)
  })
})
