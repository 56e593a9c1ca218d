import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  chainHash,
  type Frame,
  FrameScanner,
  fieldsOf,
  frameLine,
  MAX_BODY_BYTES,
  NO_HASH,
} from '../../src/audit/frame.ts'

const start = { hash: NO_HASH, offset: 0 }

/** Lines of records with these fields, chained. */
function chain(fields: readonly object[]): Buffer[] {
  let previous = NO_HASH
  return fields.map((one, index) => {
    const rest = JSON.stringify(one).slice(1, -1)
    const body = `{"n":${index + 1},"t":${1000 + index},"k":"intent"${rest === '' ? '' : `,${rest}`}}`
    previous = chainHash(previous, body)
    return Buffer.from(frameLine(previous, body))
  })
}

function scan(bytes: Uint8Array, pieces = [bytes.length]) {
  const scanner = new FrameScanner(start)
  const frames: Frame[] = []
  let at = 0
  for (const piece of pieces) {
    frames.push(...scanner.push(bytes.subarray(at, at + piece)))
    at += piece
  }
  return { frames, fault: scanner.end() }
}

const three = chain([{ a: 1 }, { a: 'zwölf\n' }, {}])
const whole = Buffer.concat(three)

describe('a record in its frame', () => {
  it('is a hash over the hash before and the body, as sha256sum makes it', () => {
    const [first, second] = three.map(line => line.toString('utf8').trimEnd())
    const input = `${first!.slice(0, 64)}${second!.slice(65)}`
    expect(second!.slice(0, 64)).toBe(createHash('sha256').update(input).digest('hex'))
    expect(execFileSync('sha256sum', { input }).toString().slice(0, 64)).toBe(second!.slice(0, 64))
  })

  it('comes back with number, time, kind and place', () => {
    const { frames, fault } = scan(whole)
    expect(fault).toBeUndefined()
    expect(frames.map(({ offset, end, n, t, k }) => [offset, end, n, t, k])).toEqual([
      [0, three[0]!.length, 1, 1000, 'intent'],
      [three[0]!.length, three[0]!.length + three[1]!.length, 2, 1001, 'intent'],
      [three[0]!.length + three[1]!.length, whole.length, 3, 1002, 'intent'],
    ])
    expect(frames.map(frame => fieldsOf<{ a?: unknown }>(frame).a)).toEqual([1, 'zwölf\n', undefined])
  })

  it('comes back whatever the pieces are', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200), { minLength: 1, maxLength: 30 }), sizes => {
        const { frames, fault } = scan(whole, [...sizes, whole.length])
        expect([frames.length, fault]).toEqual([3, undefined])
      }),
    )
  })
})

describe('what is no record', () => {
  it('is found torn at every octet where a file can end, and the records before it stand', () => {
    let complete = 0
    for (let length = 1; length < whole.length; length++) {
      if (whole[length - 1] === 0x0a) complete++
      const { frames, fault } = scan(whole.subarray(0, length))
      expect(frames).toHaveLength(complete)
      const atLineEnd = whole[length - 1] === 0x0a
      expect(fault?.kind).toBe(atLineEnd ? undefined : 'torn')
      if (!atLineEnd) expect(fault!.offset).toBe(frames.at(-1)?.end ?? 0)
    }
  })

  it('is found at every octet with every bit of it changed', () => {
    for (let at = 0; at < whole.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = Buffer.from(whole)
        changed[at]! ^= 1 << bit
        const { frames, fault } = scan(changed)
        expect(fault).toBeDefined()
        const line = three.findIndex((_, index) => at < Buffer.concat(three.slice(0, index + 1)).length)
        expect(frames.length).toBeLessThanOrEqual(line)
      }
    }
  })

  it.each([
    ['taken out', [0, 2]],
    ['twice', [0, 1, 1, 2]],
    ['in another order', [0, 2, 1]],
    ['the first one missing', [1, 2]],
  ])('is a right record in a wrong place: %s', (_, order) => {
    const { fault } = scan(Buffer.concat(order.map(index => three[index]!)))
    expect(fault).toMatchObject({ kind: 'damaged' })
  })

  it.each([
    ['zeros, as a crash may leave', Buffer.alloc(200)],
    ['an empty line', Buffer.from('\n')],
    ['text', Buffer.from('hello\n')],
    ['a right hash over a body that is none', Buffer.from(frameLine(chainHash(NO_HASH, '{}'), '{}'))],
  ])('is %s', (_, bytes) => {
    const { frames, fault } = scan(bytes)
    expect(frames).toEqual([])
    expect(fault).toMatchObject({ offset: 0 })
  })

  it('is never kept in memory beyond the longest record', () => {
    const scanner = new FrameScanner(start)
    scanner.push(Buffer.alloc(MAX_BODY_BYTES + 100, 0x61))
    expect(scanner.fault).toMatchObject({ kind: 'damaged', what: 'a line longer than any record' })
    expect(scanner.push(whole)).toEqual([])
  })
})
