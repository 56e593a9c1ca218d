import { beforeEach, describe, expect, it } from 'vitest'
import type { ChainPolicy, TrustSnapshot } from '../../native-free/proxy/types.ts'
import { type Authenticator, createAuthenticator } from '../../src/authenticate/authenticate.ts'
import { CACHE_LIMITS } from '../../src/authenticate/cacheLimits.ts'
import { memoryTrust } from '../fakes/memoryTrust.ts'
import { createCa } from '../pki/createCa.ts'
import { createCrl } from '../pki/createCrl.ts'
import { issueCertificate } from '../pki/issueCertificate.ts'
import { chainOf } from '../pki/issueProxy.ts'
import { newKey } from '../pki/keys.ts'
import { signingPolicyText } from '../pki/policyText.ts'
import {
  accepted,
  CA,
  CA_DN,
  DEFAULT_POLICY,
  eec,
  NOW,
  POLICY_TEXT,
  proxies,
  proxy,
  ROOT,
  U,
  YEAR,
} from './chainWorld.ts'

const HOUR = 3600
const crl = (options: Partial<Parameters<typeof createCrl>[1]> = {}) =>
  createCrl(CA, { thisUpdate: NOW - HOUR, nextUpdate: NOW + HOUR, ...options }).der

/** An authenticator whose clock and trust anchors the test moves. */
let now: number
let trust: TrustSnapshot | undefined
let generation: number
beforeEach(async () => {
  now = NOW
  generation = 0
  await reload([ROOT])
})

async function reload(entries: Parameters<typeof memoryTrust>[0]): Promise<void> {
  generation++
  trust = await memoryTrust(entries, generation)
}

function authenticator(policy: Partial<ChainPolicy> = {}, cacheLimits = CACHE_LIMITS): Authenticator {
  const deps = { snapshot: () => trust, clock: { now: () => now } }
  return createAuthenticator({ policy: { ...DEFAULT_POLICY, ...policy }, cacheLimits }, deps)
}

const reasonOf = (verdict: ReturnType<Authenticator['authenticate']>) =>
  verdict.accepted ? 'ACCEPT' : verdict.reason

describe('an authenticator', () => {
  it('refuses while no trust anchors are loaded', () => {
    trust = undefined
    expect(reasonOf(authenticator().authenticate([U.der], false))).toBe('TRUST_NOT_LOADED')
  })

  it('refuses a resumed session', () => {
    expect(reasonOf(authenticator().authenticate([U.der], true))).toBe('SESSION_RESUMED')
  })

  it('gives the EEC, the proxies from the top down, and the CAs from the bottom up', () => {
    const [p2, p1] = proxies(U, {}, {})
    const {
      eec: found,
      proxies: path,
      cas,
    } = accepted(authenticator().authenticate(chainOf(p2!, p1!, U), false))
    const ders = [found, ...path, ...cas].map(one => Buffer.from(one.der))
    expect(ders).toEqual([U, p1!, p2!, CA].map(one => Buffer.from(one.der)))
  })

  it('keeps nothing of the buffers it was given', () => {
    const { authenticate } = authenticator()
    const sent = Buffer.from(U.der)
    const verdict = accepted(authenticate([sent], false))
    sent.fill(0)
    expect(Buffer.from(verdict.eec.der)).toEqual(Buffer.from(U.der))
    expect(reasonOf(authenticate([U.der], false))).toBe('ACCEPT')
  })
})

describe('what is remembered', () => {
  it('spares the second caller every signature', () => {
    const { authenticate, cacheFigures } = authenticator()
    const sent = chainOf(...proxies(U, {}, {}))
    authenticate(sent, false)
    const first = cacheFigures()
    expect(accepted(authenticate([...sent], false)).proxies).toHaveLength(2)
    const second = cacheFigures()
    expect(second.links.misses).toBe(first.links.misses)
    expect(second.certificates.misses).toBe(first.certificates.misses)
    expect(second.eecVerdicts.hits).toBe(first.eecVerdicts.hits + 1)
  })

  it('is of no use to another leaf with the same certificates behind it', () => {
    const { authenticate } = authenticator()
    const rest = chainOf(U, CA)
    expect(reasonOf(authenticate([proxy(U).der, ...rest], false))).toBe('ACCEPT')
    expect(reasonOf(authenticate([proxy(U, { signer: newKey() }).der, ...rest], false))).toBe(
      'SIGNATURE_INVALID',
    )
    expect(reasonOf(authenticate([eec('u', { signer: newKey() }).der, ...rest], false))).toBe(
      'SIGNATURE_INVALID',
    )
  })

  it('is of no use to another EEC of the same name, serial and issuer', () => {
    const { authenticate } = authenticator()
    expect(reasonOf(authenticate([U.der], false))).toBe('ACCEPT')
    const twin = issueCertificate({
      subject: U.subject,
      serial: U.serial,
      key: newKey(),
      issuer: CA,
      signer: newKey(),
      ...YEAR,
    })
    expect(reasonOf(authenticate([twin.der], false))).toBe('SIGNATURE_INVALID')
  })

  it('does not outlive a reload: revoked in between', async () => {
    const { authenticate } = authenticator()
    expect(reasonOf(authenticate([U.der], false))).toBe('ACCEPT')
    await reload([{ ...ROOT, crls: [crl({ revoked: [U] })] }])
    expect(reasonOf(authenticate([U.der], false))).toBe('REVOKED')
    expect(reasonOf(authenticate(chainOf(...proxies(U, {})), false))).toBe('REVOKED')
  })

  it('does not outlive a reload: the CA removed, the policy changed, and back', async () => {
    const { authenticate } = authenticator()
    const stranger = createCa({ subject: '/CN=Stranger', ...YEAR })
    expect(reasonOf(authenticate([U.der], false))).toBe('ACCEPT')
    await reload([{ ca: stranger }])
    expect(reasonOf(authenticate([U.der], false))).toBe('UNKNOWN_CA')
    await reload([{ ca: CA, signingPolicy: signingPolicyText(CA_DN, ['/C=XX/*']) }])
    expect(reasonOf(authenticate([U.der], false))).toBe('NAMESPACE_DENIED')
    await reload([ROOT])
    expect(reasonOf(authenticate([U.der], false))).toBe('ACCEPT')
  })

  it('does not outlive the CRL it rests on', async () => {
    await reload([{ ...ROOT, crls: [crl()] }])
    const { authenticate } = authenticator()
    now = NOW + HOUR
    expect(reasonOf(authenticate([U.der], false))).toBe('ACCEPT')
    now = NOW + HOUR + 1
    expect(reasonOf(authenticate([U.der], false))).toBe('CRL_EXPIRED')
  })

  it.each([
    ['EEC', () => chainOf(eec('u', { until: NOW + 10 })), 'EEC_EXPIRED'],
    ['proxy', () => chainOf(...proxies(U, { until: NOW + 10 })), 'PROXY_EXPIRED'],
  ])('does not outlive the %s', (_, chain, reason) => {
    const { authenticate } = authenticator()
    const sent = chain()
    now = NOW + 10
    expect(reasonOf(authenticate(sent, false))).toBe('ACCEPT')
    now = NOW + 11
    expect(reasonOf(authenticate(sent, false))).toBe(reason)
  })

  it('does not outlive the CA', async () => {
    await reload([{ ...ROOT, ca: createCa({ subject: CA_DN, key: CA.key, ...YEAR, until: NOW + 10 }) }])
    const { authenticate } = authenticator()
    now = NOW + 10
    expect(reasonOf(authenticate([U.der], false))).toBe('ACCEPT')
    now = NOW + 11
    expect(reasonOf(authenticate([U.der], false))).toBe('CA_EXPIRED')
  })

  it('is looked at anew after ten minutes, when a newer CRL of the same snapshot has begun', async () => {
    const newer = crl({ number: 2, thisUpdate: NOW + 300 + 60, nextUpdate: NOW + 10 * HOUR, revoked: [U] })
    await reload([{ ...ROOT, crls: [crl({ number: 1 }), newer] }])
    const { authenticate } = authenticator()
    expect(reasonOf(authenticate([U.der], false))).toBe('ACCEPT')
    now = NOW + 600
    expect(reasonOf(authenticate([U.der], false))).toBe('REVOKED')
  })

  it('holds a refusal of a properly signed EEC for a minute', async () => {
    await reload([{ ca: CA }])
    const { authenticate, cacheFigures } = authenticator()
    authenticate([U.der], false)
    expect(reasonOf(authenticate([U.der], false))).toBe('NAMESPACE_MISSING')
    expect(cacheFigures().eecVerdicts).toMatchObject({ hits: 1, entries: 1 })
    now = NOW + 60
    authenticate([U.der], false)
    expect(cacheFigures().eecVerdicts.hits).toBe(1)
  })

  it('holds no refusal of an EEC that nobody signed', () => {
    const { authenticate, cacheFigures } = authenticator()
    expect(reasonOf(authenticate([eec('u', { signer: newKey() }).der], false))).toBe('SIGNATURE_INVALID')
    expect(cacheFigures().eecVerdicts.entries).toBe(0)
  })

  it('holds nothing that rests on a CA which the client sent', () => {
    const SUB_DN = '/C=IT/O=G/CN=Sub'
    const sub = createCa({ subject: SUB_DN, issuer: CA, ...YEAR })
    const one = eec('u', {}, sub)
    return reload([{ ca: CA, signingPolicy: POLICY_TEXT + signingPolicyText(SUB_DN, ['/C=IT/*']) }]).then(
      () => {
        const { authenticate } = authenticator({ allowSentIntermediates: true })
        expect(reasonOf(authenticate(chainOf(one, sub), false))).toBe('ACCEPT')
        expect(reasonOf(authenticate(chainOf(one), false))).toBe('UNKNOWN_CA')
      },
    )
  })
})

describe('a refusal', () => {
  it('is not remembered where a client may bring a better CA certificate next time', async () => {
    const SUB_DN = '/C=IT/O=G/CN=Sub'
    const expired = createCa({ subject: SUB_DN, issuer: CA, ...YEAR, until: NOW - 1 })
    const renewed = createCa({ subject: SUB_DN, issuer: CA, key: expired.key, ...YEAR })
    const one = eec('u', {}, expired)
    await reload([ROOT, { ca: expired, signingPolicy: signingPolicyText(SUB_DN, ['/C=IT/*']) }])
    const { authenticate } = authenticator({ allowSentIntermediates: true })
    expect(reasonOf(authenticate([one.der], false))).toBe('CA_EXPIRED')
    await reload([
      { ...ROOT, signingPolicy: POLICY_TEXT + signingPolicyText(SUB_DN, ['/C=IT/*']) },
      { ca: expired },
    ])
    expect(reasonOf(authenticate([one.der], false))).toBe('CA_EXPIRED')
    expect(reasonOf(authenticate(chainOf(one, renewed), false))).toBe('ACCEPT')
  })
})

describe('proxies without end', () => {
  const limits = { ...CACHE_LIMITS, members: 2, parsed: 2, passers: 4 }

  it('evict only each other: the EEC and its signature stay', () => {
    const { authenticate, cacheFigures } = authenticator({}, limits)
    authenticate([U.der], false)
    for (let n = 0; n < 20; n++) authenticate(chainOf(...proxies(U, {})), false)
    const before = cacheFigures()
    expect(before.certificates.entries).toBeLessThanOrEqual(limits.members + limits.passers)
    expect(before.links.entries).toBeLessThanOrEqual(limits.members + limits.passers)
    // When the verdict itself has grown old, the signature is still known.
    now = NOW + 600
    expect(reasonOf(authenticate([U.der], false))).toBe('ACCEPT')
    expect(cacheFigures().links.hits).toBe(before.links.hits + 1)
    expect(cacheFigures().certificates.misses).toBe(before.certificates.misses)
    expect(cacheFigures().links.misses).toBe(before.links.misses)
  })

  it('as do EECs that nobody signed', () => {
    const { authenticate, cacheFigures } = authenticator({}, limits)
    authenticate([U.der], false)
    for (let n = 0; n < 20; n++) authenticate([eec('u', { signer: newKey() }).der], false)
    const { misses } = cacheFigures().certificates
    authenticate([U.der], false)
    expect(cacheFigures().certificates.misses).toBe(misses)
  })
})

describe('a kept connection', () => {
  const sent = chainOf(...proxies(U, { until: NOW + 100 }))

  it('has its verdict for a second, and is judged anew in the next', () => {
    const { authenticate } = authenticator()
    const verdict = authenticate(sent, false)
    expect(authenticate(sent, false)).toBe(verdict)
    now = NOW + 1
    expect(authenticate(sent, false)).not.toBe(verdict)
    expect(reasonOf(authenticate(sent, false))).toBe('ACCEPT')
  })

  it('has none that another list was given, though it holds the same', () => {
    const { authenticate } = authenticator()
    expect(authenticate([...sent], false)).not.toBe(authenticate(sent, false))
  })

  it('has none for a resumed session', () => {
    const { authenticate } = authenticator()
    authenticate(sent, false)
    expect(reasonOf(authenticate(sent, true))).toBe('SESSION_RESUMED')
    expect(reasonOf(authenticate(sent, true))).toBe('SESSION_RESUMED')
  })

  it('is refused when the path has run out', () => {
    const { authenticate } = authenticator()
    now = NOW + 100
    expect(reasonOf(authenticate(sent, false))).toBe('ACCEPT')
    now = NOW + 101
    expect(reasonOf(authenticate(sent, false))).toBe('PROXY_EXPIRED')
  })

  it('is refused within the same second when its CA was removed', async () => {
    const { authenticate } = authenticator()
    expect(reasonOf(authenticate(sent, false))).toBe('ACCEPT')
    await reload([{ ca: createCa({ subject: '/CN=Stranger', ...YEAR }) }])
    expect(reasonOf(authenticate(sent, false))).toBe('UNKNOWN_CA')
  })

  it('may be accepted after a reload though it was refused', async () => {
    await reload([{ ca: CA }])
    const { authenticate } = authenticator()
    expect(authenticate(sent, false).accepted).toBe(false)
    await reload([ROOT])
    expect(reasonOf(authenticate(sent, false))).toBe('ACCEPT')
  })
})

describe('memory', () => {
  it('holds more members than parsed certificates: the signature of a member is not verified again', () => {
    const { authenticate, cacheFigures } = authenticator({}, { ...CACHE_LIMITS, parsed: 1 })
    const both = [U, eec('v')]
    for (const one of both) authenticate([one.der], false)
    const before = cacheFigures()
    expect(before.certificates.entries).toBe(1)
    for (const one of both) expect(authenticate([one.der], false)).toMatchObject({ accepted: true })
    expect(cacheFigures().certificates.misses).toBe(before.certificates.misses + 2)
    expect(cacheFigures().links.misses).toBe(before.links.misses)
    expect(cacheFigures().eecVerdicts.misses).toBe(before.eecVerdicts.misses)
  })

  it('is bounded by what certificates take as objects, not as octets', () => {
    const { authenticate, cacheFigures } = authenticator({}, { ...CACHE_LIMITS, octets: 1024 * 1024 })
    const names = (n: number) => Array.from({ length: 60 }, () => ({ type: 'CN', value: `${n}` }))
    for (let n = 0; n < 40; n++) {
      const { der } = eec('', { subject: names(n), issuerName: names(n) })
      expect(der.length).toBeLessThan(3000)
      expect(authenticate([der], false)).toMatchObject({ accepted: false })
    }
    expect(cacheFigures().certificates.entries).toBeLessThan(15)
  })
})
