import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DerReader } from '../../../native-free/der/reader.ts'
import { POLICY_LANGUAGE, parseProxyCertInfo } from '../../../native-free/proxy/proxyCertInfo.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import { draftProxyCertInfo, rfcProxyCertInfo } from '../../pki/proxyCertInfo.ts'

/** The content of the OCTET STRING of an Extension. */
function contentOf(extension: Uint8Array): Uint8Array {
  const fields = new DerReader(extension).enter(0x30)
  fields.skip()
  fields.boolean()
  return fields.octetString()
}
const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))

describe('proxyCertInfo', () => {
  it.each(['rfc', 'draft'] as const)('reads what is written, in the %s form', form => {
    const encode = form === 'rfc' ? rfcProxyCertInfo : draftProxyCertInfo
    fc.assert(
      fc.property(
        fc.option(fc.bigInt({ min: 0n, max: 2n ** 70n }), { nil: undefined }),
        fc.constantFrom(...Object.values(POLICY_LANGUAGE), '1.2.3.4.5'),
        fc.option(fc.uint8Array({ maxLength: 20 }), { nil: undefined }),
        (pathLength, language, policy) => {
          const info = {
            language,
            ...(pathLength === undefined ? {} : { pathLength }),
            ...(policy === undefined ? {} : { policy }),
          }
          const unlimited = pathLength === undefined || pathLength > 2n ** 31n
          expect(parseProxyCertInfo(contentOf(encode(info)), form)).toEqual({
            pathLength: unlimited ? Number.POSITIVE_INFINITY : Number(pathLength),
            language,
            hasPolicy: policy !== undefined,
          })
        },
      ),
    )
  })

  it.each([
    ['nothing', ''],
    ['only a path length', '3003020100'],
    ['a negative path length', '300f0201ff300a06082b06010505071501'],
    ['an element after the policy', '300e300a06082b060105050715010500'],
    ['a policy after the policy', '3010300e06082b0601050507150104000400'],
    ['octets after the whole', '300c300a06082b0601050507150100'],
    ['the draft order', '3011300a06082b06010505071501a103020100'],
    ['a language that is no OID', '300530030c0161'],
    ['an indefinite length', '3080300a06082b060105050715010000'],
  ])('refuses %s', (_, text) => {
    expect(() => parseProxyCertInfo(hex(text), 'rfc')).toThrow(Refusal)
  })

  it('refuses the RFC order in the draft form', () => {
    expect(() => parseProxyCertInfo(hex('300f020100300a06082b06010505071501'), 'draft')).toThrow(Refusal)
  })

  it('throws nothing but refusals, whatever the octets', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom('rfc' as const, 'draft' as const),
        (octets, form) => {
          try {
            parseProxyCertInfo(octets, form)
          } catch (cause) {
            expect(cause).toBeInstanceOf(Refusal)
          }
        },
      ),
    )
  })
})
