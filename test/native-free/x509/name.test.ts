import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../../native-free/bytes/hex.ts'
import * as w from '../../../native-free/der/writer.ts'
import { isRdnPrefix, nameEquals, rdnBeyond } from '../../../native-free/x509/name.ts'
import { nameHash, oldNameHash } from '../../../native-free/x509/nameHash.ts'
import { parseName } from '../../../native-free/x509/parseName.ts'
import { certificateOfSubject, nameDer } from './certificateDer.ts'
import { type OpensslFolder, opensslFolder } from './opensslFolder.ts'
import { randomName } from './randomName.ts'

const CN = '2.5.4.3'
const O = '2.5.4.10'
const cn = (value: Uint8Array) => parseName(nameDer([CN, value]))
const bmp = (hex: string) => w.tlv(0x1e, fromHex(hex))
const digest = (algorithm: string) => (bytes: Uint8Array) => createHash(algorithm).update(bytes).digest()

describe('two names are equal', () => {
  it.each([
    ['whatever the string type', w.utf8String('Grid'), w.printableString('Grid')],
    ['also as BMPString', w.utf8String('Aé'), bmp('004100e9')],
    ['also as UniversalString', w.utf8String('A'), w.tlv(0x1c, fromHex('00000041'))],
    ['with T61String as Latin-1', w.utf8String('é'), w.tlv(0x14, fromHex('e9'))],
    ['whatever the case of ASCII letters', w.utf8String('GRID É'), w.utf8String('grid É')],
    ['whatever the white space', w.utf8String('  a \t\r\n b '), w.utf8String('a b')],
    ['when both are only white space', w.utf8String(' \v\f '), w.utf8String('')],
  ])('%s', (_, a, b) => {
    expect(nameEquals(cn(a), cn(b))).toBe(true)
  })

  it('whatever the order within an RDN', () => {
    const parts = [w.sequence(w.oid(CN), w.utf8String('a')), w.sequence(w.oid(O), w.utf8String('b'))]
    const name = (...set: Uint8Array[]) => parseName(w.sequence(w.set(...set)))
    expect(nameEquals(name(parts[0]!, parts[1]!), name(parts[1]!, parts[0]!))).toBe(true)
  })
})

describe('two names differ', () => {
  it.each([
    ['in the case of letters beyond ASCII', w.utf8String('É'), w.utf8String('é')],
    ['in the form of composition', w.utf8String('\u00e9'), w.utf8String('e\u0301')],
    ['in white space beyond ASCII', w.utf8String('a\u00a0b'), w.utf8String('a b')],
    ['in a type that is not normalised', w.tlv(0x12, fromHex('31')), w.printableString('1')],
    ['in white space of such a type', w.tlv(0x12, fromHex('31')), w.tlv(0x12, fromHex('3120'))],
    ['in octets that only look alike as Latin-1', w.utf8String('é'), w.tlv(0x14, fromHex('c3a9'))],
  ])('%s', (_, a, b) => {
    expect(nameEquals(cn(a), cn(b))).toBe(false)
  })

  it('in how attributes are put into RDNs', () => {
    const [a, b] = [w.sequence(w.oid(CN), w.utf8String('a')), w.sequence(w.oid(O), w.utf8String('b'))]
    const joined = parseName(w.sequence(w.set(a, b)))
    expect(nameEquals(joined, parseName(w.sequence(w.set(a), w.set(b))))).toBe(false)
  })
})

describe('RDNs', () => {
  const o = [O, w.utf8String('Grid')] as const
  const u = [CN, w.printableString('u')] as const
  const base = parseName(nameDer(o, u))
  const empty = parseName(nameDer())

  it('are a prefix of the same and of longer names, in canonical comparison', () => {
    const other = parseName(nameDer([O, w.printableString('GRID')], u, [CN, w.utf8String('proxy')]))
    expect([isRdnPrefix(base, base), isRdnPrefix(base, other), isRdnPrefix(empty, base)]).toEqual([
      true,
      true,
      true,
    ])
    expect(isRdnPrefix(other, base)).toBe(false)
    expect(isRdnPrefix(parseName(nameDer([O, w.utf8String('Gri')])), base)).toBe(false)
  })

  it('beyond an issuer are found when there is exactly one', () => {
    const one = parseName(nameDer(o, u, [CN, w.utf8String('1')]))
    expect(rdnBeyond(base, one)?.map(ava => [ava.oid, toHex(ava.value)])).toEqual([[CN, '31']])
    expect(rdnBeyond(base, base)).toBeUndefined()
    expect(rdnBeyond(base, parseName(nameDer(o, u, u, u)))).toBeUndefined()
    expect(rdnBeyond(base, parseName(nameDer(o, [CN, w.utf8String('v')], u)))).toBeUndefined()
    expect(rdnBeyond(base, parseName(nameDer([CN, w.utf8String('x')], o, u)))).toBeUndefined()
    expect(rdnBeyond(empty, parseName(nameDer(u)))).toHaveLength(1)
  })
})

it('an empty name has an empty canonical form', () => {
  expect(parseName(nameDer())).toMatchObject({ canonical: '', rdns: [] })
})

it('a name is whole: nothing may follow', () => {
  expect(() => parseName(fromHex('300000'))).toThrow(expect.objectContaining({ code: 'DER_TRAILING_BYTES' }))
})

it('long runs of white space cost no more than other text', () => {
  const name = cn(w.utf8String(`a${' '.repeat(500_000)}b`))
  expect(name.canonical).toBe(cn(w.utf8String('a b')).canonical)
})

describe('hashes are those of openssl', () => {
  let folder: OpensslFolder
  beforeAll(() => {
    folder = opensslFolder()
  })
  afterAll(() => folder[Symbol.dispose]())

  it('for names of every string type, also multi-valued', () => {
    fc.assert(
      fc.property(randomName, der => {
        const name = parseName(der)
        folder.write('n.der', certificateOfSubject(der))
        const hashes = folder.run(
          'x509',
          '-inform',
          'DER',
          '-in',
          'n.der',
          '-noout',
          '-subject_hash',
          '-subject_hash_old',
        )
        expect([nameHash(name, digest('sha1')), oldNameHash(name, digest('md5'))]).toEqual(
          hashes.trim().split('\n'),
        )
      }),
      { numRuns: 60, seed: 1 },
    )
  })
})
