import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../../native-free/bytes/hex.ts'
import { type DerCode, DerReader, enterWhole, MAX_DEPTH } from '../../../native-free/der/reader.ts'
import * as w from '../../../native-free/der/writer.ts'
import { Refusal } from '../../../native-free/refusal.ts'

const reader = (hex: string) => new DerReader(fromHex(hex.replaceAll(' ', '')))

function codeOf(read: () => unknown): string {
  try {
    read()
  } catch (cause) {
    if (cause instanceof Refusal) return cause.code
    throw cause
  }
  return 'accepted'
}

type Row = [what: string, hex: string, read: (r: DerReader) => unknown, code: DerCode]

const nested = (depth: number): Uint8Array => {
  let der: Uint8Array = w.nullValue()
  for (let i = 0; i < depth; i++) der = w.sequence(der)
  return der
}

const descend = (r: DerReader): unknown => (r.peek() === 0x30 ? descend(r.enter(0x30)) : r.null())

describe('every form that is not DER is refused by its own code', () => {
  const rows: Row[] = [
    ['no bytes', '', r => r.element(), 'DER_TRUNCATED'],
    ['a tag alone', '30', r => r.element(), 'DER_TRUNCATED'],
    ['half a length', '3082 01', r => r.element(), 'DER_TRUNCATED'],
    ['an indefinite length', '3080 0000', r => r.element(), 'DER_INDEFINITE_LENGTH'],
    ['127 in long form', `0481 7f ${'00'.repeat(127)}`, r => r.element(), 'DER_NON_MINIMAL_LENGTH'],
    ['a padded length', `0482 0080 ${'00'.repeat(128)}`, r => r.element(), 'DER_NON_MINIMAL_LENGTH'],
    ['a length one past the end', '0403 0102', r => r.element(), 'DER_LENGTH_BEYOND_INPUT'],
    ['a length of 40 bits', '0485 0100000000', r => r.element(), 'DER_LENGTH_BEYOND_INPUT'],
    ['a length of 127 octets', `04ff ${'01'.repeat(127)}`, r => r.element(), 'DER_LENGTH_BEYOND_INPUT'],
    [
      'a child longer than its parent',
      '3003 0402 01',
      r => r.enter(0x30).element(),
      'DER_LENGTH_BEYOND_INPUT',
    ],
    ['a tag of two octets', '1f20 00', r => r.element(), 'DER_HIGH_TAG'],
    ['end-of-contents', '0000', r => r.element(), 'DER_UNEXPECTED_TAG'],
    ['a constructed NULL', '2500', r => r.element(), 'DER_UNEXPECTED_TAG'],
    ['a constructed UTF8String', '2c02 0c00', r => r.skip(), 'DER_UNEXPECTED_TAG'],
    ['a primitive SEQUENCE', '1000', r => r.element(), 'DER_UNEXPECTED_TAG'],
    ['a primitive SET', '1100', r => r.element(), 'DER_UNEXPECTED_TAG'],
    ['another tag', '0400', r => r.enter(0x30), 'DER_UNEXPECTED_TAG'],
    ['a constructed OCTET STRING', '2402 0400', r => r.octetString(), 'DER_UNEXPECTED_TAG'],
    ['a second element', '0500 00', r => [r.null(), r.finish()], 'DER_TRAILING_BYTES'],
    ['BOOLEAN 01', '0101 01', r => r.boolean(), 'DER_BAD_BOOLEAN'],
    ['an empty BOOLEAN', '0100', r => r.boolean(true), 'DER_BAD_BOOLEAN'],
    ['a BOOLEAN of two octets', '0102 ffff', r => r.boolean(true), 'DER_BAD_BOOLEAN'],
    ['an empty INTEGER', '0200', r => r.integer(), 'DER_BAD_INTEGER'],
    ['INTEGER 00 7f', '0202 007f', r => r.integerOctets(), 'DER_BAD_INTEGER'],
    ['INTEGER ff 80', '0202 ff80', r => r.integerOctets(), 'DER_BAD_INTEGER'],
    ['INTEGER 3 above 2', '0201 03', r => r.smallInteger(0, 2), 'DER_INTEGER_RANGE'],
    ['a negative INTEGER below 0', '0201 ff', r => r.smallInteger(0, 2), 'DER_INTEGER_RANGE'],
    ['an INTEGER of 8 octets', '0208 0100000000000000', r => r.smallInteger(0, 2 ** 53), 'DER_INTEGER_RANGE'],
    ['an empty BIT STRING', '0300', r => r.bitString(), 'DER_BAD_BIT_STRING'],
    ['8 unused bits', '0302 0800', r => r.bitString(), 'DER_BAD_BIT_STRING'],
    ['unused bits of nothing', '0301 01', r => r.bitString(), 'DER_BAD_BIT_STRING'],
    ['unused bits that are set', '0302 0101', r => r.bitString(), 'DER_BAD_BIT_STRING'],
    ['a broken octet', '0302 0180', r => r.bitStringOctets(), 'DER_BAD_BIT_STRING'],
    ['NULL with content', '0501 00', r => r.null(), 'DER_BAD_NULL'],
    ['an empty OID', '0600', r => r.oid(), 'DER_BAD_OID'],
    ['an OID cut off', '0602 2a86', r => r.oid(), 'DER_BAD_OID'],
    ['an OID arc with padding', '0603 2a8001', r => r.oid(), 'DER_BAD_OID'],
    ['padding after a large arc', `060d 2a ${'ff'.repeat(8)}7f 8001 01`, r => r.oid(), 'DER_BAD_OID'],
    ['an OID of 129 octets', `068181 ${'01'.repeat(129)}`, r => r.oid(), 'DER_BAD_OID'],
    ['UTCTime without seconds', '170b 323030313031303030305a', r => r.time(), 'DER_BAD_TIME'],
    ['UTCTime with an offset', '1711 3230303130313030303030302b30303030', r => r.time(), 'DER_BAD_TIME'],
    ['a Time that is neither kind', '0400', r => r.time(), 'DER_UNEXPECTED_TAG'],
  ]
  it.each(rows)('%s', (_, hex, read, code) => {
    expect(codeOf(() => read(reader(hex)))).toBe(code)
  })

  it('nesting one past the cap', () => {
    expect(codeOf(() => descend(new DerReader(nested(MAX_DEPTH))))).toBe('accepted')
    expect(codeOf(() => descend(new DerReader(nested(MAX_DEPTH + 1))))).toBe('DER_TOO_DEEP')
  })

  it('names the octet where it stopped', () => {
    const r = reader('3006 0500 0401 01 00').enter(0x30)
    r.null()
    r.octetString()
    expect(() => r.finish()).toThrow(expect.objectContaining({ code: 'DER_TRAILING_BYTES', at: 7 }))
  })
})

describe('reads', () => {
  it('views, not copies', () => {
    const der = w.sequence(w.octetString(fromHex('0102')))
    const view = enterWhole(der, 0x30).octetString()
    expect(view.buffer).toBe(der.buffer)
    expect(toHex(view)).toBe('0102')
  })

  it.each([127, 128, 255, 256, 65535, 65536])('content of %i octets', length => {
    const der = w.octetString(new Uint8Array(length).fill(7))
    const r = new DerReader(der)
    expect(r.peek()).toBe(4)
    expect(r.octetString().length).toBe(length)
    expect(r.done).toBe(true)
  })

  it('any octet but 00 as true when asked to', () => {
    expect(reader('010101').boolean(true)).toBe(true)
    expect(reader('010100').boolean(true)).toBe(false)
    expect(reader('0101ff').boolean()).toBe(true)
  })

  it('optional elements only when they are there', () => {
    const r = reader('0201 05 0500')
    expect(r.optional(0x04)).toBeUndefined()
    expect(toHex(r.optional(0x02)!)).toBe('05')
    expect(r.optionalEnter(0x30)).toBeUndefined()
    r.null()
    expect(r.optional(0x02)).toBeUndefined()
    expect(r.peek()).toBe(-1)
  })

  it('a part of an array, without looking past its end', () => {
    const bytes = fromHex('ffff020105ff')
    expect(new DerReader(bytes, 2, 5).integer()).toBe(5n)
    expect(codeOf(() => new DerReader(bytes, 2, 4).integer())).toBe('DER_LENGTH_BEYOND_INPUT')
  })

  it('bytes that are one element and nothing else', () => {
    expect(enterWhole(fromHex('3000'), 0x30).done).toBe(true)
    expect(codeOf(() => enterWhole(fromHex('300000'), 0x30))).toBe('DER_TRAILING_BYTES')
  })
})

describe('what the writer makes, the reader gives back', () => {
  it('integers', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n }), n => {
        expect(new DerReader(w.integer(n)).integer()).toBe(n)
      }),
    )
  })

  it('small integers', () => {
    fc.assert(
      fc.property(fc.integer(), n => {
        expect(new DerReader(w.integer(n)).smallInteger(-(2 ** 31), 2 ** 31)).toBe(n)
      }),
    )
  })

  it('unsigned magnitudes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), magnitude => {
        expect(new DerReader(w.integer(magnitude)).integer()).toBe(BigInt(`0x0${toHex(magnitude)}`))
      }),
    )
  })

  it('bit strings', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.integer({ min: 0, max: 7 }), (octets, unused) => {
        octets[octets.length - 1]! &= 0xff << unused
        expect(new DerReader(w.bitString(octets, unused)).bitString()).toEqual({ octets, unused })
      }),
    )
  })

  it.each([
    [0, '030100'],
    [1, '03020780'],
    [0b1000001, '03020182'],
    [1 << 8, '0303070080'],
  ])('named bits %i', (bits, hex) => {
    expect(toHex(w.namedBits(bits))).toBe(hex)
  })

  it('booleans, NULL, tags', () => {
    expect(toHex(w.boolean(true))).toBe('0101ff')
    expect(toHex(w.boolean(false))).toBe('010100')
    expect(toHex(w.nullValue())).toBe('0500')
    expect(toHex(w.explicit(0, w.integer(2)))).toBe('a003020102')
    expect(toHex(w.implicit(6, fromHex('61')))).toBe('860161')
    expect(toHex(w.implicit(1, w.nullValue(), true))).toBe('a1020500')
    expect(toHex(w.enumerated(1))).toBe('0a0101')
  })

  it('sets sorted, and sets as given', () => {
    const [a, b] = [w.integer(2), w.integer(1)]
    expect(toHex(w.setOf(a, b))).toBe('3106020101020102')
    expect(toHex(w.set(a, b))).toBe('3106020102020101')
    expect(toHex(w.setOf(fromHex('0402aabb'), fromHex('0401ff')))).toBe('31070401ff0402aabb')
  })

  it('strings of the right alphabet only', () => {
    expect(toHex(w.utf8String('é'))).toBe('0c02c3a9')
    expect(codeOf(() => w.printableString('a@b'))).toBe('DER_BAD_STRING')
    expect(codeOf(() => w.ia5String('é'))).toBe('DER_BAD_STRING')
    expect(toHex(w.ia5String('a@b'))).toBe('1603614062')
  })
})

describe('a sweep over every octet of a small structure', () => {
  const der = w.sequence(
    w.integer(-129),
    w.oid('1.2.840.113549.1.9.1'),
    w.boolean(true),
    w.bitString(fromHex('f0'), 4),
    w.time(1_700_000_000),
    w.time(4_000_000_000),
    w.octetString(new Uint8Array(130).fill(1)),
    w.explicit(3, w.nullValue()),
  )
  const reencode = (bytes: Uint8Array): Uint8Array => {
    const r = enterWhole(bytes, 0x30)
    const first = [w.integer(r.integer()), w.oid(r.oid()), w.boolean(r.boolean())]
    const { octets, unused } = r.bitString()
    const times = [w.utcTime(r.utcTime()), w.generalizedTime(r.generalizedTime())]
    const rest = w.octetString(r.octetString())
    const inner = r.enter(0xa3)
    inner.null()
    inner.finish()
    r.finish()
    return w.sequence(...first, w.bitString(octets, unused), ...times, rest, w.explicit(3, w.nullValue()))
  }

  it('reads back to itself', () => {
    expect(toHex(reencode(der))).toBe(toHex(der))
  })

  it('gives a typed refusal or an equal re-encoding for each flipped octet and each truncation', () => {
    for (let at = 0; at < der.length; at++) {
      for (let flip = 1; flip < 256; flip++) {
        const bytes = der.slice()
        bytes[at]! ^= flip
        if (codeOf(() => reencode(bytes)) === 'accepted') expect(toHex(reencode(bytes))).toBe(toHex(bytes))
      }
      expect(codeOf(() => reencode(der.subarray(0, at)))).toMatch(/^DER_/)
    }
  })

  it('never throws anything else for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
        const r = new DerReader(bytes)
        codeOf(() => {
          while (!r.done) (r.peek() & 0x20 ? descend : (x: DerReader) => x.element())(r)
        })
      }),
      { numRuns: 500 },
    )
  })
})
