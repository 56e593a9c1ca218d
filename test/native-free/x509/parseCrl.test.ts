import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  boolean,
  explicit,
  ia5String,
  implicit,
  integer,
  octetString,
  sequence,
  tlv,
} from '../../../native-free/der/writer.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import { MAX_CRL_BYTES, parseCrl, parseCrlInSlices } from '../../../native-free/x509/parseCrl.ts'
import { createCa } from '../../pki/createCa.ts'
import {
  type CrlOptions,
  createCrl,
  deltaCrlIndicator,
  issuingDistributionPoint,
} from '../../pki/createCrl.ts'
import { extension } from '../../pki/extensions.ts'

const ca = createCa({
  subject: '/C=IT/O=G/CN=CA',
  from: '2026-01-01T00:00:00Z',
  until: '2027-01-01T00:00:00Z',
})
const period = { thisUpdate: '2026-06-01T00:00:00Z', nextUpdate: '2026-06-08T00:00:00Z' }

function crlWith(options: Partial<CrlOptions> = {}) {
  return parseCrl(createCrl(ca, { ...period, number: 7, ...options }).der)
}

function refusalOf(read: () => unknown): string {
  try {
    read()
  } catch (cause) {
    if (cause instanceof Refusal) return cause.code
    throw cause
  }
  return 'none'
}

const bytes = (...octets: number[]) => new Uint8Array(octets)
const uri = (text: string) => implicit(6, new TextEncoder().encode(text))
const fullName = (...names: Uint8Array[]) => explicit(0, implicit(0, Buffer.concat(names), true))
const flag = (tagNumber: number) => implicit(tagNumber, bytes(0xff))

describe('parseCrl reads', () => {
  it('times, number, issuer and algorithms', () => {
    const { der } = createCrl(ca, { ...period, number: 7 })
    const crl = parseCrl(der)
    expect(crl.thisUpdate).toBe(Date.UTC(2026, 5, 1) / 1000)
    expect(crl.nextUpdate).toBe(Date.UTC(2026, 5, 8) / 1000)
    expect(crl.number).toBe(7n)
    expect(crl.issuer.der).toEqual(new Uint8Array(ca.subject))
    expect(crl.signatureAlgorithm.oid).toBe('1.2.840.10045.4.3.2')
    expect(crl.tbsSignatureAlgorithm).toEqual(crl.signatureAlgorithm.der)
    expect(crl.tbs.buffer).toBe(der.buffer)
    expect(crl.entryCount).toBe(0)
    expect(crl.unsupported).toBeUndefined()
  })

  it('a CRL without nextUpdate and without number', () => {
    const crl = parseCrl(createCrl(ca, { thisUpdate: period.thisUpdate }).der)
    expect(crl.nextUpdate).toBeUndefined()
    expect(crl.number).toBeUndefined()
  })

  it.each<[string, Uint8Array, Uint8Array, boolean]>([
    ['a serial of one octet', bytes(5), bytes(5), true],
    [
      '20 octets with the top bit set, behind a leading zero',
      bytes(0, ...Array(20).fill(0xf1)),
      bytes(0, ...Array(20).fill(0xf1)),
      true,
    ],
    [
      'the same number in another certificate without its leading zero',
      bytes(0, 0xf1, 2),
      bytes(0xf1, 2),
      true,
    ],
    ['a padded serial', bytes(0, 0, 9), bytes(9), true],
    ['zero', bytes(0), bytes(0), true],
    ['another number of the same length', bytes(5), bytes(6), false],
    ['a longer number that ends alike', bytes(5), bytes(1, 5), false],
    ['a longer number that begins alike', bytes(5), bytes(5, 0), false],
  ])('%s', (_, listed, asked, expected) => {
    expect(crlWith({ revoked: [{ serial: listed }] }).isListed(asked)).toBe(expected)
  })

  it('entries of every reason, with dates in either form', () => {
    const revoked = Array.from({ length: 11 }, (_, n) => ({
      serial: 100 + n,
      reason: n,
      at: n % 2 ? '2026-05-01T00:00:00Z' : '2051-01-01T00:00:00Z',
    }))
    const crl = crlWith({ revoked })
    expect(crl.entryCount).toBe(11)
    for (let n = 0; n < 11; n++) expect(crl.isListed(bytes(100 + n))).toBe(true)
  })

  it('more entries than one slice holds, by the sliced reader as by the other, pausing in between', async () => {
    const revoked = Array.from({ length: 12_345 }, (_, n) => ({ serial: 1_000_000 + 3 * n }))
    const { der } = createCrl(ca, { ...period, revoked })
    let pauses = 0
    const crl = await parseCrlInSlices(der, async () => void pauses++)
    expect(crl.entryCount).toBe(12_345)
    expect(pauses).toBeGreaterThanOrEqual(4)
    for (const { serial } of revoked) expect(crl.isListed(integer(serial).subarray(2))).toBe(true)
    for (const { serial } of revoked) expect(crl.isListed(integer(serial + 1).subarray(2))).toBe(false)
  })

  it('a serial that is listed twice', () => {
    const crl = crlWith({ revoked: [{ serial: 5 }, { serial: 5 }] })
    expect(crl.isListed(bytes(5))).toBe(true)
  })
})

describe('parseCrl does not judge by', () => {
  const unknown = (critical: boolean) => extension('1.2.3.4.5', critical, integer(1))
  it.each<[string, Partial<CrlOptions>, RegExp | undefined]>([
    ['an unknown critical extension', { extensions: [unknown(true)] }, /critical extension 1\.2\.3\.4\.5/],
    ['an unknown extension that is not critical', { extensions: [unknown(false)] }, undefined],
    [
      'an unknown critical entry extension',
      { revoked: [{ serial: 1, extensions: [unknown(true)] }] },
      /entry/,
    ],
    ['an unknown entry extension', { revoked: [{ serial: 1, extensions: [unknown(false)] }] }, undefined],
    [
      'a critical reason code',
      { revoked: [{ serial: 1, extensions: [extension('2.5.29.21', true, tlv(0x0a, bytes(1)))] }] },
      undefined,
    ],
    [
      'a certificateIssuer entry',
      { revoked: [{ serial: 1, extensions: [extension('2.5.29.29', true, sequence(uri('x')))] }] },
      /2\.5\.29\.29/,
    ],
    ['a delta CRL', { extensions: [deltaCrlIndicator(3)] }, /delta/],
    ['an indirect CRL', { extensions: [issuingDistributionPoint(flag(4))] }, /indirect/],
    ['some reasons only', { extensions: [issuingDistributionPoint(implicit(3, bytes(1, 0x40)))] }, /reasons/],
    ['attribute certificates only', { extensions: [issuingDistributionPoint(flag(5))] }, /attribute/],
    [
      'a relative distribution point',
      { extensions: [issuingDistributionPoint(explicit(0, implicit(1, bytes(), true)))] },
      /relative/,
    ],
    ['a flag that is false', { extensions: [issuingDistributionPoint(implicit(4, bytes(0)))] }, undefined],
  ])('%s', (_, options, expected) => {
    const { unsupported } = crlWith(options)
    if (expected === undefined) expect(unsupported).toBeUndefined()
    else expect(unsupported).toMatch(expected)
  })

  it('keeps the facts of a distribution point that bear on one certificate', () => {
    const point = issuingDistributionPoint(fullName(uri('http://a/1'), uri('http://a/2')), flag(1))
    const crl = crlWith({ extensions: [point] })
    expect(crl.unsupported).toBeUndefined()
    expect(crl.onlyUserCerts).toBe(true)
    expect(crl.onlyCaCerts).toBe(false)
    expect(crl.distributionPoint?.map(name => Buffer.from(name).subarray(2).toString())).toEqual([
      'http://a/1',
      'http://a/2',
    ])
    expect(crlWith({ extensions: [issuingDistributionPoint(flag(2))] }).onlyCaCerts).toBe(true)
  })
})

describe('parseCrl refuses', () => {
  const plain = createCrl(ca, { ...period, number: 7, revoked: [{ serial: 5, reason: 1 }] }).der
  const signature = tlv(3, bytes(0, 1))
  const algorithm = sequence(tlv(6, bytes(0x2a, 3)))
  const crlOf = (...tbs: Uint8Array[]) => sequence(sequence(...tbs), algorithm, signature)
  const head = [integer(1), algorithm, ca.subject, tlv(0x17, Buffer.from('260601000000Z'))]
  const entry = (...parts: Uint8Array[]) => crlOf(...head, sequence(sequence(...parts)))
  const date = tlv(0x17, Buffer.from('260601000000Z'))

  it.each<[string, () => Uint8Array, string]>([
    ['nothing', () => bytes(), 'DER_TRUNCATED'],
    ['more bytes than the CRL', () => Buffer.concat([plain, bytes(0)]), 'DER_TRAILING_BYTES'],
    ['a file above the cap', () => new Uint8Array(MAX_CRL_BYTES + 1), 'CRL_TOO_LARGE'],
    ['version 3', () => crlOf(integer(2), ...head.slice(1)), 'DER_INTEGER_RANGE'],
    [
      'extensions in version 1',
      () => crlOf(...head.slice(1), explicit(0, sequence(extension('2.5.29.20', false, integer(1))))),
      'CRL_VERSION',
    ],
    ['a negative number', () => createCrl(ca, { ...period, number: -1 }).der, 'CRL_NUMBER_RANGE'],
    ['a number of 33 octets', () => createCrl(ca, { ...period, number: 1n << 256n }).der, 'CRL_NUMBER_RANGE'],
    [
      'an extension twice',
      () =>
        createCrl(ca, { ...period, number: 1, extensions: [extension('2.5.29.20', false, integer(1))] }).der,
      'EXTENSION_TWICE',
    ],
    [
      'extensions of unreasonable size',
      () => createCrl(ca, { ...period, extensions: [extension('1.2.3', false, new Uint8Array(70_000))] }).der,
      'CRL_EXTENSIONS_LARGE',
    ],
    ['an entry without date', () => entry(integer(5)), 'DER_TRUNCATED'],
    ['an entry with an empty serial', () => entry(tlv(2, bytes()), date), 'CRL_ENTRY'],
    [
      'an entry with a serial of 128 octets',
      () => entry(tlv(2, new Uint8Array(128).fill(1)), date),
      'CRL_ENTRY',
    ],
    ['an entry with something more', () => entry(integer(5), date, sequence(), integer(1)), 'CRL_ENTRY'],
    [
      'an entry extension that does not end with its value',
      () =>
        entry(
          integer(5),
          date,
          sequence(sequence(tlv(6, bytes(0x2a, 3)), octetString(bytes()), boolean(true))),
        ),
      'CRL_ENTRY',
    ],
    [
      'a distribution point that goes on',
      () => createCrl(ca, { ...period, extensions: [issuingDistributionPoint(flag(1), ia5String('x'))] }).der,
      'DER_TRAILING_BYTES',
    ],
  ])('%s', (_, make, code) => {
    const der = make()
    expect(refusalOf(() => parseCrl(der))).toBe(code)
  })

  it('an entry whose serial claims octets of the next entry', () => {
    const honest = Buffer.from(
      crlOf(...head, sequence(sequence(bytes(2, 1, 5), date), sequence(bytes(2, 1, 6), date))),
    )
    const at = honest.indexOf(Buffer.from([2, 1, 5, 0x17]))
    honest[at + 1] = 20
    expect(refusalOf(() => parseCrl(honest))).not.toBe('none')
  })

  it('every cut of a CRL', () => {
    for (let length = 0; length < plain.length; length++) {
      expect(refusalOf(() => parseCrl(plain.subarray(0, length)))).not.toBe('none')
    }
  })

  it('or reads, but never crashes on, a CRL with any octets changed', () => {
    const edits = fc.array(fc.tuple(fc.nat(plain.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(edits, changes => {
        const damaged = Uint8Array.from(plain)
        for (const [at, octet] of changes) damaged[at] = octet
        refusalOf(() => parseCrl(damaged).isListed(bytes(5)))
      }),
      { numRuns: 3_000 },
    )
  })

  it('or reads every single octet flip', () => {
    for (let at = 0; at < plain.length; at++) {
      for (const mask of [0x01, 0x80, 0xff]) {
        const damaged = Uint8Array.from(plain)
        damaged[at]! ^= mask
        refusalOf(() => parseCrl(damaged).isListed(bytes(5)))
      }
    }
  })
})

describe('the index of serials', () => {
  it('agrees with a set of numbers', () => {
    const serials = fc.uniqueArray(fc.bigInt({ min: 0n, max: (1n << 159n) - 1n }), { maxLength: 60 })
    fc.assert(
      fc.property(serials, serials, (listed, asked) => {
        const crl = crlWith({ revoked: listed.map(serial => ({ serial })) })
        const known = new Set(listed)
        for (const serial of [...listed, ...asked]) {
          expect(crl.isListed(integer(serial).subarray(2))).toBe(known.has(serial))
        }
      }),
      { numRuns: 100 },
    )
  })
})
