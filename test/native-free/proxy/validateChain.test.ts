import { createPublicKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { ChainPolicy, ChainVerdict } from '../../../native-free/proxy/types.ts'
import { validateChain } from '../../../native-free/proxy/validateChain.ts'
import { verifyLink } from '../../../src/authenticate/verifyLink.ts'
import { CA, DEFAULT_POLICY, eec, NOW, proxies, proxy, ROOT, U, YEAR } from '../../authenticate/chainWorld.ts'
import { memoryTrust } from '../../fakes/memoryTrust.ts'
import { createCa } from '../../pki/createCa.ts'
import { type Credential, issueCertificate } from '../../pki/issueCertificate.ts'
import { keyFromPem, newKey, privateKeyPem, storedRsaKey } from '../../pki/keys.ts'

const trust = await memoryTrust([ROOT])

/** The verdict, and the subjects of what was asked to be verified, in order. */
function ask(
  sent: readonly Credential[],
  policy: Partial<ChainPolicy> = {},
  snapshot = trust,
): { verdict: ChainVerdict; asked: string[] } {
  const names = new Map(sent.map((one, at) => [Buffer.from(one.der).toString('hex'), String(at)]))
  const asked: string[] = []
  const rules = validateChain({
    sent: sent.map(one => one.der),
    sessionReused: false,
    snapshot,
    policy: { ...DEFAULT_POLICY, ...policy },
    now: NOW,
  })
  let step = rules.next()
  while (!step.done) {
    const { child, issuer } = step.value
    asked.push(names.get(Buffer.from(child.der).toString('hex'))!)
    const publicKey = createPublicKey({ key: Buffer.from(issuer.spki), format: 'der', type: 'spki' })
    step = rules.next(verifyLink(child, issuer, publicKey))
  }
  return { verdict: step.value, asked }
}

describe('what a chain costs', () => {
  it('asks for the signature of the EEC before those of the proxies', () => {
    const chain = proxies(U, {}, {})
    expect(ask(chain).asked).toEqual(['2', '0', '1'])
  })

  it.each([
    ['an expired proxy', () => proxies(U, { until: NOW - 1 })],
    ['an expired EEC', () => proxies(eec('u', { until: NOW - 1 }), {})],
    ['a weak key', () => proxies(U, { key: storedRsaKey(1024) })],
    ['a weak signature', () => proxies(eec('u', { key: storedRsaKey(2048) }), { scheme: 'sha1' })],
    ['a bad name', () => proxies(U, { subject: U.subject })],
    ['an unknown CA', () => proxies(eec('u', {}, createCa({ subject: '/CN=Stranger', ...YEAR })), {})],
  ])('asks for no signature at all with %s', (_, chain) => {
    const { verdict, asked } = ask(chain())
    expect(verdict.accepted).toBe(false)
    expect(asked).toEqual([])
  })

  it('asks for one signature where nobody signed the EEC, however many proxies hang below', () => {
    const { verdict, asked } = ask(proxies(eec('u', { signer: newKey() }), ...Array(16).fill({})))
    expect(verdict).toMatchObject({ accepted: false, reason: 'SIGNATURE_INVALID' })
    expect(asked).toHaveLength(1)
  })

  it('is bounded where a client sends many certificates of one name and key at each step', () => {
    const key = newKey()
    const twins = Array.from({ length: 31 }, () =>
      issueCertificate({ subject: U.subject, key, issuer: CA, signer: newKey(), ...YEAR }),
    )
    const { verdict, asked } = ask([proxy(twins[0]!), ...twins])
    expect(verdict).toMatchObject({ accepted: false, reason: 'SIGNATURE_INVALID' })
    expect(asked.length).toBeLessThanOrEqual(8)
  })

  it('is bounded where a client sends proxies that all come into question for each other', () => {
    const key = newKey()
    const user = eec('u', { key, signer: newKey() })
    const levels: Credential[][] = [[user]]
    for (const cn of ['1', '2', '3', '4', '5']) {
      levels.unshift(Array.from({ length: 5 }, () => proxy(levels[0]![0]!, { cn, key })))
    }
    const { verdict, asked } = ask(levels.flat())
    expect(verdict.accepted).toBe(false)
    const ofEec = asked.filter(which => which === '25').length
    expect(asked.length - ofEec).toBeLessThanOrEqual(32)
    expect(ofEec).toBeLessThanOrEqual(64)
  })

  it.each([
    [false, 8],
    [true, 64],
  ])(
    'is bounded where a client sends CAs that all sign each other (used: %s)',
    (allowSentIntermediates, bound) => {
      const key = newKey()
      const ring = Array.from({ length: 31 }, () => createCa({ subject: '/CN=Ring', key, ...YEAR }))
      const { verdict, asked } = ask([eec('u', {}, ring[0]!), ...ring], { allowSentIntermediates })
      expect(verdict).toMatchObject({ accepted: false, reason: 'UNKNOWN_CA' })
      expect(asked).toHaveLength(bound)
    },
  )

  it('does not climb from a CA to itself', () => {
    const stranger = createCa({ subject: '/CN=Stranger', ...YEAR })
    expect(ask([eec('u', {}, stranger), stranger]).asked).toEqual(['0'])
  })

  it('does not climb in circles', () => {
    const key = newKey()
    const [a, b] = [1, 2].map(() => createCa({ subject: '/CN=Ring', key, ...YEAR }))
    expect(ask([eec('u', {}, a!), a!, b!]).asked).toEqual(['0', '1', '0', '2'])
  })

  it('is bounded where many CAs of one name are installed', async () => {
    const crowd = await memoryTrust(
      Array.from({ length: 70 }, () => ({ ca: createCa({ subject: '/CN=Crowd', ...YEAR }) })),
    )
    const one = eec('u', {}, createCa({ subject: '/CN=Crowd', ...YEAR }))
    const { verdict, asked } = ask([one], {}, crowd)
    expect(verdict).toMatchObject({ accepted: false, reason: 'SIGNATURE_INVALID' })
    expect(asked).toHaveLength(64)
  })
})

describe('an oversized key', () => {
  it('is never verified with', () => {
    const big = keyFromPem(privateKeyPem(storedRsaKey(4096)))
    const issuer = eec('u', { key: big })
    const chain = proxies(issuer, {})
    for (const sent of [chain, [...chain, eec('u', { key: storedRsaKey(4096, 1) })]]) {
      const { verdict, asked } = ask(sent, { maxRsaBits: 3072 })
      expect(verdict).toMatchObject({ accepted: false, reason: 'WEAK_KEY' })
      expect(asked).toEqual([])
    }
  })
})
