import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromBase64, toBase64, toBase64Lines } from '../../../native-free/bytes/base64.ts'
import { concatBytes } from '../../../native-free/bytes/concat.ts'
import { bytesEqual } from '../../../native-free/bytes/equal.ts'
import { fromHex, toHex } from '../../../native-free/bytes/hex.ts'
import { bytesToLatin1, latin1ToBytes } from '../../../native-free/bytes/latin1.ts'

const bytes = fc.uint8Array({ maxLength: 300 })

describe('base64', () => {
  it.each(['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar'])('of %j as RFC 4648 10 has it', text => {
    expect(toBase64(latin1ToBytes(text))).toBe(btoa(text))
  })

  it('in lines of 64 columns, each ended by LF, the last included', () => {
    fc.assert(
      fc.property(bytes, b => {
        const lines = toBase64Lines(b)
        expect(lines).toBe(
          Buffer.from(b)
            .toString('base64')
            .replace(/.{1,64}/g, '$&\n'),
        )
        expect(fromBase64(lines)).toEqual(b)
        expect(fromBase64(toBase64(b))).toEqual(b)
      }),
    )
  })

  it.each([
    ['Zm9v\r\nYg==\r\n', 'foob'],
    [' Z m 9\tv ', 'foo'],
    ['Zm8', 'fo'],
    ['Zg', 'f'],
    ['QQ==\n', 'A'],
  ])('reads %j', (text, plain) => {
    expect(bytesToLatin1(fromBase64(text))).toBe(plain)
  })

  it.each(['Z', 'Zg=', 'Zh==', 'Zm9=', 'Zm9v=', 'Zg==Zg==', 'Zm9v-_==', 'Zm9v\u0100', '=', 'Zg===', 'Zm9vZ'])(
    'refuses %j',
    text => {
      expect(() => fromBase64(text)).toThrow(expect.objectContaining({ code: 'BASE64_BAD' }))
    },
  )
})

describe('hexadecimal', () => {
  it('goes both ways', () => {
    fc.assert(
      fc.property(bytes, b => {
        expect(toHex(b)).toBe(Buffer.from(b).toString('hex'))
        expect(fromHex(toHex(b).toUpperCase())).toEqual(b)
      }),
    )
  })
  it.each(['0', '0g', ' 00', '0x00', '@0', '`0', 'é0'])('refuses %j', text => {
    expect(() => fromHex(text)).toThrow(expect.objectContaining({ code: 'HEX_BAD' }))
  })
})

describe('latin1', () => {
  it('is one character an octet, also beyond one chunk', () => {
    const all = Uint8Array.from({ length: 10_000 }, (_, i) => i & 0xff)
    expect(bytesToLatin1(all)).toBe(Buffer.from(all).toString('latin1'))
    expect(latin1ToBytes(bytesToLatin1(all))).toEqual(all)
  })
  it('refuses characters that are no octet', () => {
    expect(() => latin1ToBytes('aĀ')).toThrow(expect.objectContaining({ code: 'LATIN1_BAD', at: 1 }))
  })
})

it('concatenates in order', () => {
  expect(concatBytes(fromHex('01'), fromHex(''), fromHex('0203'))).toEqual(fromHex('010203'))
  expect(concatBytes().length).toBe(0)
})

it('compares by content and length', () => {
  expect(bytesEqual(fromHex('0102'), fromHex('0102'))).toBe(true)
  expect(bytesEqual(fromHex('0102'), fromHex('0103'))).toBe(false)
  expect(bytesEqual(fromHex('01'), fromHex('0102'))).toBe(false)
})
