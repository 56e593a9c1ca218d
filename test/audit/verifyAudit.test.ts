import { generateKeyPairSync } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHeadSigner } from '../../src/audit/createHeadSigner.ts'
import { segmentStorage } from '../../src/audit/segmentStorage.ts'
import { ConfigError } from '../../src/config/ConfigError.ts'
import { mutateAudit } from '../faults/mutateAudit.ts'
import { type AuditFolder, auditFolder, issueOne } from './auditFolder.ts'

let audit: AuditFolder
beforeEach(() => {
  audit = auditFolder()
})
afterEach(() => audit.remove())

const path = (name: string) => join(audit.folder, name)

/** A log with ten ACs, closed and signed. */
async function signedLog(): Promise<void> {
  const log = await audit.open()
  const signer = await audit.signer([log])
  for (let i = 0; i < 10; i++) await issueOne(log, i)
  await log.close()
  await signer.close()
}

async function faults(more?: { checkpoint?: string }): Promise<string[]> {
  const report = await audit.verify(more)
  return report.faults.map(({ file, n, what }) => `${file} ${n}: ${what}`)
}

describe('verification', () => {
  it('finds nothing in what nobody touched, and counts it', async () => {
    await signedLog()
    const report = await audit.verify()
    expect(report).toMatchObject({ logs: 1, records: 22, checkpoints: 2, faults: [] })
    expect(report.newestCheckpoint).toMatch(/^[0-9a-f]{64}$/)
  })

  it('finds nothing where there is nothing', async () => {
    expect(await audit.verify()).toMatchObject({ logs: 0, records: 0, checkpoints: 0, faults: [] })
  })

  it('finds every one of 300 random changes', async () => {
    const { done, missed } = await mutateAudit(300, 20_260_601)
    expect(missed).toEqual([])
    expect(Object.values(done).reduce((sum, one) => sum + one, 0)).toBe(300)
  })

  it('names file, octet and record of the first fault', async () => {
    await signedLog()
    const bytes = readFileSync(path('w0/00000001.seg'))
    const at = bytes.indexOf('user 4')
    bytes.write('user 5', at)
    writeFileSync(path('w0/00000001.seg'), bytes)
    const [fault] = (await audit.verify()).faults
    const line = bytes.lastIndexOf(0x0a, at) + 1
    const before = bytes.subarray(0, line).toString().split('\n').length - 1
    expect(fault).toMatchObject({
      log: 'w0',
      file: 'w0/00000001.seg',
      offset: line,
      n: before + 1,
      kind: 'damaged',
    })
    expect(fault!.what).toContain('hash')
  })

  it('finds records that were written and never signed, once they are old', async () => {
    const log = await audit.open()
    await issueOne(log, 1)
    await log.close()
    expect(await faults()).toEqual([expect.stringMatching(/^w0\/00000001\.seg 1: 4 records .* not signed/)])
    const signer = await audit.signer()
    await signer.close()
    expect(await faults()).toEqual([])
  })

  it('finds a whole chain that was forged after it was signed', async () => {
    await signedLog()
    rmSync(path('w0/00000001.seg'))
    const log = await audit.open()
    for (let i = 0; i < 30; i++) await issueOne(log, i)
    await log.close()
    expect(await faults()).toEqual([expect.stringContaining('not the one that a checkpoint signs')])
  })

  it('finds a key that nobody knows', async () => {
    await signedLog()
    rmSync(audit.headKey)
    rmSync(`${audit.headKey}.pub`)
    const signer = await audit.signer()
    await signer.close()
    expect(await faults()).toEqual([
      expect.stringMatching(/^heads\/00000001\.seg .*a key that is not known here/),
    ])
  })

  it('finds a wrong signature under a right hash', async () => {
    await signedLog()
    const { publicKey } = generateKeyPairSync('ed25519')
    writeFileSync(path('../other.pub'), publicKey.export({ type: 'spki', format: 'pem' }))
    const bytes = readFileSync(path('heads/00000001.seg'), 'utf8').trimEnd().split('\n')
    const { chainHash, frameLine } = await import('../../src/audit/frame.ts')
    const forged = bytes
      .at(-1)!
      .slice(65)
      .replace(/"n":\d+,"hash":"\w{10}/, match => `${match.slice(0, -10)}0123456789`)
    const previous = bytes.at(-2)!.slice(0, 64)
    const lines = [...bytes.slice(0, -1), frameLine(chainHash(previous, forged), forged).trimEnd()]
    writeFileSync(path('heads/00000001.seg'), `${lines.join('\n')}\n`)
    expect((await faults())[0]).toContain('the signature of the checkpoint is wrong')
  })

  it('finds that log and heads were taken back together, from a checkpoint noted elsewhere', async () => {
    await signedLog()
    const old = ['w0/00000001.seg', 'heads/00000001.seg'].map(
      name => [name, readFileSync(path(name))] as const,
    )
    await signedLog()
    const { newestCheckpoint } = await audit.verify()
    rmSync(path('w0/00000002.seg'))
    rmSync(path('heads/00000002.seg'))
    for (const [name, bytes] of old) writeFileSync(path(name), bytes)
    expect(await faults()).toEqual([])
    expect(await faults({ checkpoint: newestCheckpoint! })).toEqual([expect.stringContaining('taken back')])
  })

  it('does not take a write that is under way for damage', async () => {
    const log = await audit.open()
    await issueOne(log, 1)
    await log.close()
    const whole = readFileSync(path('w0/00000001.seg'))
    truncateSync(path('w0/00000001.seg'), whole.length - 20)
    const signer = audit.verify()
    setTimeout(() => appendFileSync(path('w0/00000001.seg'), whole.subarray(whole.length - 20)), 150)
    const report = await signer
    expect(report.records).toBe(4)
    expect(report.faults.map(({ kind }) => kind)).not.toContain('torn')
  })

  it('names a write that a crash cut short, until the next start explains it', async () => {
    await signedLog()
    const log = await audit.open()
    await issueOne(log, 11)
    const size = statSync(path('w0/00000002.seg')).size
    await log.close()
    truncateSync(path('w0/00000002.seg'), size + 10)
    expect((await audit.verify()).faults).toMatchObject([
      { kind: 'torn', offset: size, file: 'w0/00000002.seg' },
    ])
    const next = await audit.open()
    const signer = await audit.signer([next])
    await next.close()
    await signer.close()
    expect(await faults()).toEqual([])
  })
})

describe('the signer of heads', () => {
  it('makes its key at the first start, for its user alone, and tells which it is', async () => {
    const first = await audit.signer()
    await first.close()
    const second = await audit.signer()
    await second.close()
    expect(second.keyId).toBe(first.keyId)
    expect([audit.headKey, `${audit.headKey}.pub`].map(file => statSync(file).mode & 0o777)).toEqual([
      0o400, 0o444,
    ])
  })

  it('signs nothing twice', async () => {
    const log = await audit.open()
    const signer = await audit.signer([log])
    await signer.sign()
    await signer.sign()
    await signer.close()
    await log.close()
    expect((await audit.verify()).checkpoints).toBe(1)
  })

  it('does not sign what is not on disk as it was written, and says so', async () => {
    const log = await audit.open()
    const signer = await audit.signer([log])
    await issueOne(log, 1)
    const bytes = readFileSync(path('w0/00000001.seg'))
    bytes.write('X', bytes.indexOf('user 1'))
    writeFileSync(path('w0/00000001.seg'), bytes)
    await signer.sign()
    expect(audit.notices).toContain(
      'error: audit: what is on disk is not what was written; vouchd audit verify tells',
    )
    await log.close()
    await signer.close()
    expect((await audit.verify()).faults[0]).toMatchObject({ file: 'w0/00000001.seg', n: 2 })
  })

  it('signs what a process left that was killed', async () => {
    const log = await audit.open()
    await issueOne(log, 1)
    // The lock of a process that lives is not asked for: its head would be reported.
    const signer = await audit.signer([])
    await signer.close()
    expect(readFileSync(path('heads/00000001.seg'), 'utf8')).toMatch(/"log":"w0","segment":1,"n":[23],/)
    await log.close()
  })

  it('removes checkpoints that are older than what is kept, and what is left is whole', async () => {
    for (let start = 0; start < 3; start++) {
      const log = await audit.open()
      const signer = await audit.signer([log], 30)
      await issueOne(log, start)
      await log.close()
      await signer.close()
      audit.clock.now += 40 * 86_400
    }
    await expect.poll(() => audit.notices).toContain('info: audit: old records removed')
    expect([...audit.files().keys()].filter(name => name.startsWith('heads'))).toEqual([
      'heads/00000002.seg',
      'heads/00000003.seg',
    ])
    expect(await faults()).toEqual([])
    rmSync(path('heads/00000002.seg'))
    expect(await faults()).toEqual([expect.stringContaining('no record says that it was removed')])
  })

  it('is alone', async () => {
    const signer = await audit.signer()
    await expect(audit.signer()).rejects.toThrow(/record of signed heads in .* is in use by process/)
    await signer.close()
  })

  it.each([
    ['open to others', () => chmodSync(audit.headKey, 0o440), 'may be read by others'],
    ['no key', () => writeFileSync(audit.headKey, 'hello', { mode: 0o400 }), 'is no private key in PEM'],
    [
      'of another kind',
      () => {
        const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
        writeFileSync(audit.headKey, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o400 })
      },
      'not for Ed25519',
    ],
  ])('refuses a key that is %s', async (_, damage, text) => {
    const signer = await audit.signer()
    await signer.close()
    if (text !== 'may be read by others') rmSync(audit.headKey)
    damage()
    const error = await audit.signer().catch(cause => cause)
    expect(error).toBeInstanceOf(ConfigError)
    expect(error.message).toContain(text)
  })

  it('goes on when the heads cannot be asked for or signed, and tells when it can again', async () => {
    let broken = true
    const signer = await createHeadSigner(
      {
        folder: audit.folder,
        headKey: audit.headKey,
        intervalSeconds: 1000,
        maxSegmentBytes: 100_000,
        retentionDays: 0,
      },
      {
        clock: { now: () => audit.clock.now },
        monotonic: () => 0,
        storage: segmentStorage,
        observer: audit.observer,
        after: () => () => {},
        heads() {
          if (broken) throw new Error('no answer')
          return []
        },
      },
    )
    broken = false
    await signer.sign()
    await signer.close()
    expect(audit.notices).toEqual([
      'error: audit: the heads cannot be signed',
      'info: audit: heads are signed again',
    ])
  })
})
