import { createPublicKey, verify } from 'node:crypto'
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { VomsError } from '../../../src/errors.ts'
import { prepare } from '../../../src/issue/prepare.ts'
import { createProfile } from '../../../src/issue/profile.ts'
import { randomSerials } from '../../../src/issue/serial.ts'
import { createInlineSigner } from '../../../src/issue/sign/inline.ts'
import { SigningKeyFault } from '../../../src/issue/sign/loadSigningKey.ts'
import { unobserved } from '../../../src/issue/sign/observer.ts'
import { createSignerPool } from '../../../src/issue/sign/pool.ts'
import type { Prepared, Signer, SigningKey } from '../../../src/issue/types.ts'
import { createAcIssuer, profileConfig, signingKeyFile } from '../../fakes/acIssuer.ts'
import { fixedClock, grantOf } from '../../fakes/grant.ts'
import { newKey, storedRsaKey } from '../../pki/keys.ts'

const issuer = createAcIssuer()
const key = signingKeyFile(issuer)
const profile = createProfile(profileConfig(issuer))
const prepared = (): Prepared => prepare(grantOf(), profile, fixedClock, randomSerials)
const isSignature = (one: Prepared, signature: Uint8Array) =>
  verify('sha256', one.tbs, createPublicKey(issuer.key.privateKey), signature)

const inline = {
  name: 'inline',
  async open(signingKey: SigningKey) {
    return { signer: createInlineSigner(signingKey), end: async () => {} }
  },
}
const pool = {
  name: 'pool',
  async open(signingKey: SigningKey) {
    const threads = createSignerPool({ threads: 2, maxQueue: 1000 }, unobserved)
    opened.push(threads)
    return { signer: await threads.signer(signingKey), end: () => threads.close() }
  },
}
const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map(one => one.close()))
})
afterAll(() => rmSync(key.folder, { recursive: true }))

describe.each([inline, pool])('$name signer', ({ open }) => {
  it('signs what was prepared', async () => {
    const { signer } = await open(key)
    const one = prepared()
    expect(isSignature(one, await signer.sign(one))).toBe(true)
  })

  it('gives each of many its own signature', async () => {
    const { signer } = await open(key)
    const many = Array.from({ length: 100 }, prepared)
    const signatures = await Promise.all(many.map(one => signer.sign(one)))
    for (const [i, one] of many.entries()) expect(isSignature(one, signatures[i]!)).toBe(true)
  })

  it('signs a Prepared once', async () => {
    const { signer } = await open(key)
    const one = prepared()
    await signer.sign(one)
    await expect(signer.sign(one)).rejects.toMatchObject({ code: 'internal' })
  })

  it('signs nothing that prepare() did not make', async () => {
    const { signer } = await open(key)
    await expect(signer.sign({ ...prepared() })).rejects.toMatchObject({ code: 'internal' })
  })

  it('signs with the digest of the key, and for no other', async () => {
    const sha512 = { ...key, digest: 'sha512' as const }
    const { signer } = await open(sha512)
    await expect(signer.sign(prepared())).rejects.toMatchObject({ code: 'internal' })
    const config = profileConfig(issuer, { digest: 'sha512' })
    const one = prepare(grantOf(), createProfile(config), fixedClock, randomSerials)
    const signature = await signer.sign(one)
    expect(verify('sha512', one.tbs, createPublicKey(issuer.key.privateKey), signature)).toBe(true)
  })

  it('signs with an EC key in DER form', async () => {
    const ecIssuer = createAcIssuer({ key: newKey('p256') })
    const ecKey = signingKeyFile(ecIssuer)
    const { signer } = await open(ecKey)
    const config = profileConfig(ecIssuer, { allowEcAcKey: true })
    const one = prepare(grantOf(), createProfile(config), fixedClock, randomSerials)
    const signature = await signer.sign(one)
    expect(verify('sha256', one.tbs, createPublicKey(ecIssuer.key.privateKey), signature)).toBe(true)
    rmSync(ecKey.folder, { recursive: true })
  })

  it('does not sign after close()', async () => {
    const { signer } = await open(key)
    await signer.close()
    await expect(signer.sign(prepared())).rejects.toMatchObject({ code: 'internal' })
  })

  it.each<[string, () => SigningKey, string]>([
    ['is missing', () => ({ ...key, path: join(key.folder, 'none.pem') }), 'key-unreadable'],
    ['is a folder', () => ({ ...key, path: key.folder }), 'key-unreadable'],
    ['is not PEM', () => keyFile('text.pem', 'no key'), 'key-not-a-key'],
    [
      'is encrypted',
      () =>
        keyFile(
          'encrypted.pem',
          issuer.key.privateKey.export({
            type: 'pkcs8',
            format: 'pem',
            cipher: 'aes-128-cbc',
            passphrase: 'x',
          }) as string,
        ),
      'key-not-a-key',
    ],
    [
      "is not the certificate's",
      () =>
        keyFile(
          'other.pem',
          storedRsaKey(2048, 2).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
        ),
      'key-mismatch',
    ],
  ])('refuses at start a key file that %s', async (_, bad, code) => {
    const attempt = open(bad())
    await expect(attempt).rejects.toBeInstanceOf(SigningKeyFault)
    await expect(attempt).rejects.toMatchObject({ code })
  })
})

function keyFile(name: string, content: string): SigningKey {
  const path = join(key.folder, name)
  writeFileSync(path, content)
  chmodSync(path, 0o600)
  return { ...key, path }
}

describe('signer pool', () => {
  const workers = (name: string) => new URL(`../../fakes/workers/${name}.ts`, import.meta.url)
  const withText = (text: string): Prepared =>
    prepare(
      grantOf({ attributes: [{ name: 'n', value: text, qualifier: 'vo.0' }] }),
      profile,
      fixedClock,
      randomSerials,
    )

  function start(options: Partial<Parameters<typeof createSignerPool>[0]>, observer = unobserved) {
    const threads = createSignerPool({ threads: 1, maxQueue: 1000, ...options }, observer)
    opened.push(threads)
    return threads
  }

  it('refuses with overloaded what its queue has no room for, and signs the rest', async () => {
    const signer = await start({ maxQueue: 3, tuning: { maxBatch: 1, batchesPerThread: 2 } }).signer(key)
    const many = Array.from({ length: 10 }, prepared)
    const results = await Promise.allSettled(many.map(one => signer.sign(one)))
    const refused = results.filter(result => result.status === 'rejected')
    expect(refused.map(result => (result.reason as VomsError).code)).toEqual(Array(5).fill('overloaded'))
    expect(results.slice(0, 5).every(result => result.status === 'fulfilled')).toBe(true)
  })

  it('takes values of several VOs in one batch', async () => {
    const otherIssuer = createAcIssuer({ key: storedRsaKey(2048, 3) })
    const otherKey = signingKeyFile(otherIssuer)
    const otherProfile = createProfile(profileConfig(otherIssuer, { vo: 'vo.2' }))
    const sizes: number[] = []
    const threads = start(
      { tuning: { batchesPerThread: 1 } },
      { ...unobserved, batch: ({ size }) => sizes.push(size) },
    )
    const [one, other] = await Promise.all([threads.signer(key), threads.signer(otherKey)])
    const jobs = Array.from({ length: 6 }, (_, i) =>
      i % 2 === 0
        ? { signer: one, issuer, value: prepared() }
        : {
            signer: other,
            issuer: otherIssuer,
            value: prepare(grantOf({ fqans: ['/vo.2'] }), otherProfile, fixedClock, randomSerials),
          },
    )
    const signatures = await Promise.all(jobs.map(job => job.signer.sign(job.value)))
    for (const [i, job] of jobs.entries()) {
      const publicKey = createPublicKey(job.issuer.key.privateKey)
      expect(verify('sha256', job.value.tbs, publicKey, signatures[i]!)).toBe(true)
    }
    expect(sizes).toEqual([6])
    rmSync(otherKey.folder, { recursive: true })
  })

  it.each([
    ['dies', 'die-now'],
    ['throws', 'throw-now'],
    ['hangs', 'hang-now'],
  ])('signs elsewhere what a thread held when it %s, and tells so', async (_, text) => {
    const faults: Error[] = []
    const signer = await start(
      { threads: 2, workerFile: workers('mortalWorker'), hangSeconds: 1 },
      { ...unobserved, fault: error => faults.push(error) },
    ).signer(key)
    const flag = join(key.folder, `${text}.flag`)
    const many = [withText(`${text} once ${flag}`), ...Array.from({ length: 20 }, prepared)]
    const signatures = await Promise.all(many.map(one => signer.sign(one)))
    for (const [i, one] of many.entries()) expect(isSignature(one, signatures[i]!)).toBe(true)
    expect(faults.length).toBeGreaterThan(0)
    rmSync(flag)
  })

  it.each([
    ['dies', 'die-now'],
    ['throws', 'throw-now'],
    ['hangs', 'hang-now'],
  ])('fails alone what no thread can sign, since it %s', async (_, text) => {
    const signer = await start({ workerFile: workers('mortalWorker'), hangSeconds: 1 }).signer(key)
    const others = Array.from({ length: 4 }, prepared)
    const all = [withText(text), ...others].map(one => signer.sign(one))
    await expect(all[0]).rejects.toMatchObject({ code: 'internal' })
    const after = prepared()
    expect(isSignature(after, await signer.sign(after))).toBe(true)
    expect((await Promise.allSettled(all)).filter(({ status }) => status === 'rejected')).toHaveLength(1)
  })

  it('takes many threads that hang at once for one fault, not for threads that only die', async () => {
    const faults: Error[] = []
    const signer = await start(
      { threads: 8, workerFile: workers('mortalWorker'), hangSeconds: 1, tuning: { maxBatch: 1 } },
      { ...unobserved, fault: error => faults.push(error) },
    ).signer(key)
    const flags = Array.from({ length: 8 }, (_, index) => join(key.folder, `many${index}.flag`))
    const many = [
      ...flags.map(flag => withText(`hang-now once ${flag}`)),
      ...Array.from({ length: 8 }, prepared),
    ]
    const signatures = await Promise.all(many.map(one => signer.sign(one)))
    for (const [i, one] of many.entries()) expect(isSignature(one, signatures[i]!)).toBe(true)
    expect(faults).toHaveLength(1)
    for (const flag of flags) rmSync(flag)
  })

  it('rests from threads that only die', async () => {
    const faults: Error[] = []
    const threads = start(
      { workerFile: workers('stillbornWorker') },
      { ...unobserved, fault: error => faults.push(error) },
    )
    await expect(threads.signer(key)).rejects.toThrow('cannot start')
    await expect(threads.close()).resolves.toBeUndefined()
    expect(faults.length).toBeLessThan(100)
  })

  it('signs what it accepted before close() and takes no more', async () => {
    const threads = start({})
    const signer = await threads.signer(key)
    const many = Array.from({ length: 30 }, prepared)
    const signatures = many.map(one => signer.sign(one))
    const closed = threads.close()
    await expect(signer.sign(prepared())).rejects.toMatchObject({ code: 'internal' })
    for (const [i, one] of many.entries()) expect(isSignature(one, await signatures[i]!)).toBe(true)
    await closed
  })

  it('waits in close() of a signer for its own values alone', async () => {
    const threads = start({})
    const first = await threads.signer(key)
    const second: Signer = await threads.signer({ ...key })
    const one = prepared()
    const signature = first.sign(one).then(() => 'signed')
    await first.close()
    const later = new Promise(resolve => setImmediate(resolve, 'still waiting'))
    expect(await Promise.race([signature, later])).toBe('signed')
    const other = prepared()
    expect(isSignature(other, await second.sign(other))).toBe(true)
  })

  it('tells how long values wait, are worked on and travel', async () => {
    const lengths: number[] = []
    const batches: { size: number; waitSeconds: number; workSeconds: number; hopSeconds: number }[] = []
    const signer = await start(
      { tuning: { maxBatch: 2, batchesPerThread: 1 } },
      { fault() {}, queueLength: length => lengths.push(length), batch: times => batches.push(times) },
    ).signer(key)
    await Promise.all(Array.from({ length: 5 }, () => signer.sign(prepared())))
    expect(batches.map(({ size }) => size)).toEqual([2, 2, 1])
    for (const { waitSeconds, workSeconds, hopSeconds } of batches) {
      expect(waitSeconds).toBeGreaterThanOrEqual(0)
      expect(workSeconds).toBeGreaterThan(0)
      expect(hopSeconds).toBeGreaterThan(0)
    }
    expect(batches[2]!.waitSeconds).toBeGreaterThan(batches[0]!.waitSeconds)
    expect(Math.max(...lengths)).toBe(3)
    expect(lengths.at(-1)).toBe(0)
  })
})
