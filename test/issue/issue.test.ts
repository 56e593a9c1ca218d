import { rmSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { toHex } from '../../native-free/bytes/hex.ts'
import { VomsError } from '../../src/errors.ts'
import { type IssueDeps, issue } from '../../src/issue/issue.ts'
import { createProfile } from '../../src/issue/profile.ts'
import { randomSerials } from '../../src/issue/serial.ts'
import { createInlineSigner } from '../../src/issue/sign/inline.ts'
import { createAcIssuer, profileConfig, signingKeyFile } from '../fakes/acIssuer.ts'
import { fixedClock, fixedSerials, grantOf, NOW } from '../fakes/grant.ts'
import { readAcIndependently } from '../independent/readAc.ts'

const issuer = createAcIssuer()
const key = signingKeyFile(issuer)
const signer = createInlineSigner(key)
const profile = createProfile(profileConfig(issuer))
const request = { id: 'r-1', vo: 'vo.0', protocol: 'rest', address: '127.0.0.1' } as const
const deps: IssueDeps = { clock: fixedClock, serials: fixedSerials, signer, beforeSign() {} }

afterAll(() => rmSync(key.folder, { recursive: true }))

/** The VomsError of a promise that must fail, and the text of its cause. */
async function failure(promise: Promise<unknown>): Promise<{ code: string; cause: string }> {
  const error = await promise.then(
    () => undefined,
    reason => reason,
  )
  expect(error).toBeInstanceOf(VomsError)
  return { code: error.code, cause: String(error.cause) }
}

describe('issue', () => {
  it('gives an AC that an independent reader accepts', async () => {
    const grant = grantOf({
      attributes: [{ name: 'nick', value: 'tést', qualifier: 'vo.0' }],
      targets: ['a.example'],
    })
    const issued = await issue(grant, profile, request, { ...deps, serials: randomSerials })
    const read = await readAcIndependently(issued.ac)
    expect(read.signatureValid).toBe(true)
    expect(read.fqans).toEqual(grant.fqans)
    expect(read.attributes).toEqual(grant.attributes)
    expect(read.targets).toEqual(['a.example'])
    expect(toHex(read.holder.name)).toBe(toHex(grant.holder.subject))
    expect(read.holder.serial).toBe('1003')
    expect(toHex(read.issuer)).toBe(toHex(issuer.subject))
    expect(read.notBefore.getTime() / 1000).toBe(NOW)
    expect(read.notAfter.getTime() / 1000).toBe(NOW + 43_200)
    expect([issued.notBefore, issued.notAfter]).toEqual([NOW, NOW + 43_200])
    expect(BigInt(`0x${read.serial}`)).toBe(BigInt(`0x${toHex(issued.serial)}`))
    expect(read.certificates.map(toHex)).toEqual([toHex(issuer.der)])
  })

  it("puts the holder's issuer into the holder field when the VO says so", async () => {
    const other = createProfile(profileConfig(issuer, { holderForm: 'issuer' }))
    const { ac } = await issue(grantOf(), other, request, deps)
    const read = await readAcIndependently(ac)
    expect(toHex(read.holder.name)).toBe(toHex(grantOf().holder.issuer))
  })

  it.each(['sha256', 'sha384', 'sha512'] as const)('signs with %s when the profile says so', async digest => {
    const { ac } = await issue(grantOf(), createProfile(profileConfig(issuer, { digest })), request, {
      ...deps,
      signer: createInlineSigner({ ...key, digest }),
    })
    expect((await readAcIndependently(ac)).signatureValid).toBe(true)
  })

  it('uses the key only after the intent is recorded', async () => {
    const order: string[] = []
    await issue(grantOf(), profile, request, {
      ...deps,
      beforeSign: async prepared => {
        await Promise.resolve()
        order.push(`intent ${prepared.content.fqans.length}`)
      },
      signer: {
        ...signer,
        sign: prepared => {
          order.push('sign')
          return signer.sign(prepared)
        },
      },
    })
    expect(order).toEqual(['intent 2', 'sign'])
  })

  it('does not use the key when the intent cannot be recorded', async () => {
    let signed = 0
    const counting = { ...signer, sign: async () => new Uint8Array(++signed) }
    const full = new Error('disk full')
    const attempt = issue(grantOf(), profile, request, {
      ...deps,
      signer: counting,
      beforeSign: () => Promise.reject(full),
    })
    await expect(attempt).rejects.toBe(full)
    expect(signed).toBe(0)
  })

  it('records for which request it is, and the AC that came of it', async () => {
    const recorded: unknown[] = []
    const { ac } = await issue(grantOf(), profile, request, {
      ...deps,
      beforeSign: (prepared, of) => {
        recorded.push(of.id, prepared.content.serial)
        return result => void recorded.push(result)
      },
    })
    expect(recorded).toEqual(['r-1', fixedSerials.next(), { ac }])
  })

  it('records that no AC came of it when the signer fails', async () => {
    const results: unknown[] = []
    const busy = new VomsError('overloaded', {})
    const attempt = issue(grantOf(), profile, request, {
      ...deps,
      signer: { ...signer, sign: () => Promise.reject(busy) },
      beforeSign: () => result => void results.push(result),
    })
    await expect(attempt).rejects.toBe(busy)
    expect(results).toEqual([{ failure: busy }])
  })

  it('refuses an AC whose bytes changed between lint and signature', async () => {
    const flipping = {
      ...signer,
      sign: (prepared: Parameters<typeof signer.sign>[0]) => {
        prepared.tbs[100]! ^= 1
        return signer.sign(prepared)
      },
    }
    const { code, cause } = await failure(issue(grantOf(), profile, request, { ...deps, signer: flipping }))
    expect(code).toBe('internal')
    expect(cause).toContain('does not hold the linted bytes')
  })

  it.each([
    ['another VO', '/vo.1'],
    ['a name that only begins like the VO', '/vo.00/G1'],
    ['no leading slash', 'vo.0'],
    ['nothing', ''],
  ])('never signs an FQAN outside the tree of the VO: %s', async (_, fqan) => {
    let intents = 0
    const { code, cause } = await failure(
      issue(grantOf({ fqans: ['/vo.0', fqan] }), profile, request, {
        ...deps,
        beforeSign: () => void intents++,
      }),
    )
    expect(code).toBe('internal')
    expect(cause).toContain('outside the tree')
    expect(intents).toBe(0)
  })

  it('refuses what the lint finds, and says which rule', async () => {
    const { code, cause } = await failure(issue(grantOf({ fqans: ['/vo.0/a b'] }), profile, request, deps))
    expect(code).toBe('internal')
    expect(cause).toContain("fqans: not an FQAN of the VO's tree")
  })

  it('refuses a grant without FQANs', async () => {
    expect((await failure(issue(grantOf({ fqans: [] }), profile, request, deps))).cause).toContain('no FQAN')
  })

  it('cannot issue after the AC issuer has expired', async () => {
    const late = { now: () => profile.issuer.notAfter }
    expect((await failure(issue(grantOf(), profile, request, { ...deps, clock: late }))).cause).toContain(
      'expired',
    )
  })

  it("ends with the AC issuer's certificate at the latest", async () => {
    const late = { now: () => profile.issuer.notAfter - 60 }
    const issued = await issue(grantOf(), profile, request, { ...deps, clock: late })
    expect(issued.notAfter).toBe(profile.issuer.notAfter)
  })
})
