import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { readTrustFile } from '../../../src/authenticate/trust/readTrustFile.ts'
import { ca, newHash, policy, TrustFolder } from './trustFolder.ts'

const folder = mkdtempSync(join(tmpdir(), 'vouchd-read-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Does `change` in every turn of the loop until the promise settles. */
async function whileRunning<T>(promise: Promise<T>, change: () => void): Promise<T> {
  let running = true
  const settled = promise.finally(() => {
    running = false
  })
  while (running) {
    change()
    await nextTurn()
  }
  return await settled
}

describe('readTrustFile', () => {
  it.each([0, 1, 262_144, 262_145, 1_000_000])('gives %i octets with their SHA-256', async size => {
    const path = join(folder, `size-${size}`)
    const bytes = Buffer.alloc(size, 'octets')
    writeFileSync(path, bytes)
    const digest = createHash('sha256').update(bytes).digest('hex')
    const read = await readTrustFile(path, 1_000_000)
    expect(read).toMatchObject({ kind: 'read', digest })
    expect(read.kind === 'read' && Buffer.compare(read.bytes, bytes)).toBe(0)
  })

  it('refuses one octet too many', async () => {
    writeFileSync(join(folder, 'large'), Buffer.alloc(101))
    expect(await readTrustFile(join(folder, 'large'), 100)).toMatchObject({
      kind: 'fault',
      code: 'too-large',
    })
  })

  it('follows links, and takes one that leads nowhere for nothing', async () => {
    writeFileSync(join(folder, 'real'), 'x')
    symlinkSync('real', join(folder, 'link'))
    symlinkSync('absent', join(folder, 'dangling'))
    expect(await readTrustFile(join(folder, 'link'), 100)).toMatchObject({ kind: 'read' })
    expect(await readTrustFile(join(folder, 'dangling'), 100)).toEqual({ kind: 'gone' })
    expect(await readTrustFile(join(folder, 'absent'), 100)).toEqual({ kind: 'gone' })
  })

  it('does not wait for a FIFO, and refuses folders', async () => {
    execFileSync('mkfifo', [join(folder, 'fifo')])
    mkdirSync(join(folder, 'folder'))
    expect(await readTrustFile(join(folder, 'fifo'), 100)).toMatchObject({
      kind: 'fault',
      code: 'unreadable',
    })
    expect(await readTrustFile(join(folder, 'folder'), 100)).toMatchObject({
      kind: 'fault',
      code: 'unreadable',
    })
  })

  it('refuses a file that changes while it is read', async () => {
    const path = join(folder, 'growing')
    writeFileSync(path, Buffer.alloc(4_000_000, 'x'))
    const read = await whileRunning(readTrustFile(path, 100_000_000), () => appendFileSync(path, 'more'))
    expect(read).toMatchObject({ kind: 'fault', code: 'changing' })
  })
})

describe('a load of a directory in which a file is being written', () => {
  it('asks to be repeated', async () => {
    using trust = new TrustFolder().fill({ ca, signingPolicy: policy, hashes: ['new'] })
    const name = `${newHash()}.r0`
    trust.write(name, Buffer.alloc(4_000_000, 'x'))
    const load = await whileRunning(trust.load(), () => appendFileSync(trust.path(name), 'more'))
    expect(load).toMatchObject({ unsettled: true, findings: [{ code: 'changing', file: name }] })
    expect((await trust.load()).unsettled).toBe(false)
  })
})
