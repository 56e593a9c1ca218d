import { describe, expect, it } from 'vitest'
import { toHex } from '../../native-free/bytes/hex.ts'
import { randomSerials } from '../../src/issue/serial.ts'

describe('randomSerials', () => {
  const serials = Array.from({ length: 500 }, () => randomSerials.next())

  it('gives UUID v4 values: 16 octets with version and variant', () => {
    for (const serial of serials) expect(toHex(serial)).toMatch(/^.{12}4.{3}[89ab].{15}$/)
    expect(new Set(serials.map(serial => serial.length))).toEqual(new Set([16]))
  })

  it('never gives the same twice, nor the same buffer', () => {
    expect(new Set(serials.map(toHex)).size).toBe(500)
    expect(new Set(serials.map(serial => serial.buffer)).size).toBe(500)
  })

  it('lets every other bit vary', () => {
    const seen = new Uint8Array(16)
    const unseen = new Uint8Array(16)
    for (const serial of serials) {
      serial.forEach((octet, i) => {
        seen[i]! |= octet
        unseen[i]! |= ~octet & 0xff
      })
    }
    const varying = seen.map((octet, i) => octet & unseen[i]!)
    expect(toHex(varying)).toBe('ffffffffffff0fff3fffffffffffffff')
  })
})
