import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { firstBytes } from '../../../native-free/wire/firstBytes.ts'

const octets = (text: string) => Uint8Array.from(text, char => char.charCodeAt(0))

describe('firstBytes', () => {
  it.each([
    { text: '', decision: { kind: 'more' } },
    { text: '0', decision: { kind: 'more' } },
    { text: 'GET', decision: { kind: 'more' } },
    { text: 'GET ', decision: { kind: 'rest', at: 0 } },
    { text: '0GET /generate-ac HTTP/1.0\n', decision: { kind: 'rest', at: 1 } },
    { text: '000 \r\n\t0GET /', decision: { kind: 'rest', at: 8 } },
    { text: 'POST /x', decision: { kind: 'rest', at: 0 } },
    { text: 'UPDATEREDIRECTREF /x', decision: { kind: 'rest', at: 0 } },
    { text: '<', decision: { kind: 'legacy', at: 0 } },
    { text: '0<?xml ', decision: { kind: 'legacy', at: 1 } },
    { text: '0\n\n<voms>', decision: { kind: 'legacy', at: 3 } },
    { text: 'get /x', decision: { kind: 'unintelligible', at: 0 } },
    { text: ' hello', decision: { kind: 'unintelligible', at: 1 } },
    { text: 'GET\n', decision: { kind: 'unintelligible', at: 0 } },
    { text: '0\x16\x03\x01', decision: { kind: 'unintelligible', at: 1 } },
    { text: '\0', decision: { kind: 'unintelligible', at: 0 } },
    { text: '1', decision: { kind: 'unintelligible', at: 0 } },
    { text: 'A'.repeat(17), decision: { kind: 'more' } },
    { text: 'A'.repeat(18), decision: { kind: 'unintelligible', at: 0 } },
    { text: `${'0'.repeat(64)}<`, decision: { kind: 'legacy', at: 64 } },
    { text: '0'.repeat(64), decision: { kind: 'more' } },
    { text: '0'.repeat(65), decision: { kind: 'unintelligible', at: 64 } },
    { text: `${'0'.repeat(65)}<`, decision: { kind: 'unintelligible', at: 64 } },
  ])('$text', ({ text, decision }) => {
    expect(firstBytes(octets(text))).toEqual(decision)
  })

  const likely = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc
      .array(fc.constantFrom('0', ' ', '\n', 'G', 'E', 'T', '<', '-', 'x'), { maxLength: 100 })
      .map(chars => octets(chars.join(''))),
  )

  it('keeps its decision, whatever follows', () => {
    fc.assert(
      fc.property(likely, fc.uint8Array(), (bytes, more) => {
        const decision = firstBytes(bytes)
        if (decision.kind !== 'more')
          expect(firstBytes(new Uint8Array([...bytes, ...more]))).toEqual(decision)
      }),
    )
  })

  it('decides within 82 bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 82, maxLength: 200 }), bytes => {
        expect(firstBytes(bytes).kind).not.toBe('more')
      }),
    )
  })
})
