import fc from 'fast-check'
import { expect, it } from 'vitest'
import { toHex } from '../../../native-free/bytes/hex.ts'
import { decodeOid, encodeOid } from '../../../native-free/der/oid.ts'

it.each([
  ['0.0', '00'],
  ['0.39', '27'],
  ['1.39', '4f'],
  ['2.0', '50'],
  ['2.5.4.3', '550403'],
  ['2.47', '7f'],
  ['2.48', '8100'],
  ['2.999.3', '883703'],
  ['1.2.840.113549.1.1.11', '2a864886f70d01010b'],
  ['1.3.6.1.4.1.8005.100.100.5', '2b06010401be45646405'],
  ['2.25.329800735698586629295641978511506172918', '6983f8a7dc9aadeca7ccb6abdc8be3d9f5ebad36'],
])('%s is %s', (dotted, hex) => {
  if (!dotted.startsWith('2.25.')) expect(toHex(encodeOid(dotted))).toBe(hex)
  expect(decodeOid(encodeOid(dotted))).toBe(dotted)
})

it.each([
  '',
  '1',
  '3.1',
  '1.40',
  '0.40',
  '1.2.',
  '.1.2',
  '1..2',
  '1.02',
  '1.2.x',
  '1.2 ',
  '-1.2',
  `1.2${'.999'.repeat(64)}`,
])('refuses the text %j', dotted => {
  expect(() => encodeOid(dotted)).toThrow(expect.objectContaining({ code: 'DER_BAD_OID' }))
})

it('gives back every OID', () => {
  const arc = fc.oneof(fc.nat(), fc.bigInt({ min: 0n, max: 2n ** 128n }))
  const oid = fc.oneof(
    fc.tuple(
      fc.integer({ min: 0, max: 1 }),
      fc.integer({ min: 0, max: 39 }),
      fc.array(arc, { maxLength: 5 }),
    ),
    fc.tuple(fc.constant(2), arc, fc.array(arc, { maxLength: 5 })),
  )
  fc.assert(
    fc.property(oid, ([root, second, rest]) => {
      const dotted = [root, second, ...rest].join('.')
      expect(decodeOid(encodeOid(dotted))).toBe(dotted)
    }),
  )
})
