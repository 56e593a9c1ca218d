import { describe, expect, it } from 'vitest'
import { integer } from '../../../native-free/der/writer.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import { SerialIndex } from '../../../native-free/x509/serialIndex.ts'

describe('SerialIndex', () => {
  // Offset 0 marks a free slot, so the first INTEGER stands at 1.
  const serials = Array.from({ length: 9 }, (_, n) => integer(n + 1))
  const bytes = new Uint8Array(Buffer.concat([new Uint8Array(1), ...serials]))
  const offsetOf = (n: number) => 1 + 3 * n

  it('holds what was added and nothing else', () => {
    const index = new SerialIndex(bytes, 4)
    for (let n = 0; n < 4; n++) index.add(offsetOf(n))
    expect(index.has(new Uint8Array([4]))).toBe(true)
    expect(index.has(new Uint8Array([0, 4]))).toBe(true)
    expect(index.has(new Uint8Array([5]))).toBe(false)
    expect(index.has(new Uint8Array())).toBe(false)
  })

  it('gives up instead of searching for ever when serials crowd together', () => {
    const index = new SerialIndex(bytes, 1)
    for (let n = 0; n < 8; n++) index.add(offsetOf(n))
    expect(() => index.add(offsetOf(8))).toThrow(Refusal)
    expect(index.has(new Uint8Array([9]))).toBe(false)
    expect(index.has(new Uint8Array([8]))).toBe(true)
  })
})
