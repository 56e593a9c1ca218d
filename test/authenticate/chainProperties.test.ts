import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAuthenticator } from '../../src/authenticate/authenticate.ts'
import { memoryTrust } from '../fakes/memoryTrust.ts'
import { createCa } from '../pki/createCa.ts'
import type { Credential } from '../pki/issueCertificate.ts'
import { CA, DEFAULT_POLICY, NOW, proxies, ROOT, U, V, YEAR } from './chainWorld.ts'

const trust = await memoryTrust([ROOT])
const { authenticate } = createAuthenticator(
  { policy: DEFAULT_POLICY },
  { snapshot: () => trust, clock: { now: () => NOW } },
)
const ders = (chain: readonly Credential[]) => chain.map(one => one.der)

/** The chains of two users, and what has nothing to do with either. */
const ofU = proxies(U, {}, {}, {})
const ofV = proxies(V, {}, {})
const extras = [CA, createCa({ subject: '/CN=Stranger', ...YEAR }), createCa({ subject: U.subject, ...YEAR })]
const everything = [...ofU, ...ofV, ...extras]

describe('whatever the list', () => {
  it('a complete chain is accepted as its EEC in any order after the leaf, strangers and doubles included', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: ofU.length - 1 }),
        fc.shuffledSubarray([...ofV, ...extras.slice(0, 2)]),
        fc.integer({ min: 0, max: 3 }),
        fc.infiniteStream(fc.nat()),
        (leafAt, strangers, doubles, random) => {
          const chain = ofU.slice(leafAt)
          const rest = [...chain.slice(1), ...strangers, ...chain.slice(0, doubles)]
          const order = rest.map(one => ({ one, at: random.next().value })).sort((a, b) => a.at - b.at)
          const verdict = authenticate(ders([chain[0]!, ...order.map(({ one }) => one)]), false)
          expect(verdict.accepted && Buffer.from(verdict.eec.der).equals(U.der)).toBe(true)
          expect(verdict.accepted && verdict.proxies).toHaveLength(chain.length - 1)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('nobody is accepted as somebody else', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(everything, { minLength: 1 }), list => {
        const verdict = authenticate(ders(list), false)
        if (!verdict.accepted) return
        const owner = ofU.includes(list[0]!) ? U : V
        expect(Buffer.from(verdict.eec.der).equals(owner.der)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

describe('101: damaged certificates', () => {
  const [p1] = proxies(U, {})
  const sent = [p1!.der, U.der]

  it.each([
    ['leaf', 0],
    ['EEC', 1],
  ])('every flipped octet of the %s is refused', (_, which) => {
    expect(authenticate(sent, false).accepted).toBe(true)
    for (let at = 0; at < sent[which]!.length; at++) {
      for (const mask of [0xff, 0x01, 0x80, 0x20]) {
        const damaged = sent.map(der => new Uint8Array(der))
        damaged[which]![at]! ^= mask
        expect(authenticate(damaged, false).accepted, `octet ${at}, mask ${mask}`).toBe(false)
      }
    }
  })

  it.each([
    ['leaf', 0],
    ['EEC', 1],
  ])('every truncation of the %s is refused', (_, which) => {
    for (let length = 0; length < sent[which]!.length; length++) {
      const cut = sent.map((der, index) => (index === which ? der.subarray(0, length) : der))
      expect(authenticate(cut, false).accepted, `${length} octets`).toBe(false)
    }
  })

  it('random octets are refused', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 40 }), list => {
        expect(authenticate(list, false).accepted).toBe(false)
      }),
    )
  })
})
