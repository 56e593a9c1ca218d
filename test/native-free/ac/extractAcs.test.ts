import { describe, expect, it } from 'vitest'
import { encodeAcExtension, extractAcs } from '../../../native-free/ac/extractAcs.ts'
import { OID_AC_SEQUENCE } from '../../../native-free/ac/oids.ts'
import { toHex } from '../../../native-free/bytes/hex.ts'
import { nullValue, octetString, sequence } from '../../../native-free/der/writer.ts'
import { parseCertificate } from '../../../native-free/x509/parseCertificate.ts'
import { acCa } from '../../fakes/acIssuer.ts'
import { makeGolden } from '../../fakes/goldenAcs.ts'
import { extension } from '../../pki/extensions.ts'
import { issueEec } from '../../pki/issueEec.ts'

const validity = { from: '2026-01-01T00:00:00Z', until: '2027-01-01T00:00:00Z' }
const carrying = (value: Uint8Array) => ({
  extensions: [{ oid: OID_AC_SEQUENCE, critical: false, value }],
})

describe('extractAcs', () => {
  const acs = [makeGolden('long-fqans').ac, makeGolden('targets').ac]

  it('reads back what encodeAcExtension wrote, in order, out of a certificate', () => {
    const proxy = issueEec(acCa, {
      subject: '/CN=u',
      ...validity,
      extensions: [extension(OID_AC_SEQUENCE, false, encodeAcExtension(acs))],
    })
    expect(extractAcs(parseCertificate(proxy.der)).map(toHex)).toEqual(acs.map(toHex))
  })

  it('writes two SEQUENCEs around the first AC', () => {
    const value = encodeAcExtension([sequence()])
    expect(toHex(value)).toBe('300430023000')
  })

  it('gives none for a certificate without the extension', () => {
    const plain = issueEec(acCa, { subject: '/CN=u', ...validity })
    expect(extractAcs(parseCertificate(plain.der))).toEqual([])
  })

  it('gives none for an empty list', () => {
    expect(extractAcs(carrying(sequence(sequence())))).toEqual([])
  })

  it.each([
    ['nothing', new Uint8Array()],
    ['one SEQUENCE too few', sequence(octetString(new Uint8Array()))],
    ['an AC that is no SEQUENCE', sequence(sequence(nullValue()))],
    ['bytes after the list', sequence(sequence(), nullValue())],
    ['bytes after it all', Buffer.concat([sequence(sequence()), nullValue()])],
  ])('refuses %s', (_, value) => {
    expect(() => extractAcs(carrying(value))).toThrow(expect.objectContaining({ code: 'AC_DER' }))
  })
})
