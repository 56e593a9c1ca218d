import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { publicKeyPath, readPublicKeys } from '../../src/audit/headKey.ts'
import { verifyAudit } from '../../src/audit/verifyAudit.ts'
import { askLegacy, askRest, type Daemon, NOW, startDaemon, userNamed } from '../e2e/daemon.ts'
import { openSmallDisk } from '../fakes/smallDisk.ts'

const disk = openSmallDisk()

const name = disk !== undefined ? 'a full disk' : 'a full disk (skipped: only root may mount a small one)'
describe.skipIf(disk === undefined)(name, () => {
  const user = userNamed('test0')
  let daemon: Daemon
  beforeAll(async () => {
    daemon = await startDaemon({ audit: { folder: join(disk!.folder, 'audit') } })
  })
  afterAll(async () => {
    await daemon?.stop()
    disk?.remove()
  })

  /** Asks until the answer has this status, and gives the answers before. */
  async function askUntil(status: number): Promise<number[]> {
    const before: number[] = []
    for (const end = performance.now() + 20_000; performance.now() < end; ) {
      const answer = await askRest(daemon.port(), [user])
      if (answer.status === status) return before
      before.push(answer.status)
    }
    throw new Error(`never ${status}: ${before.join()}`)
  }

  it('lets no AC leave, tells clients why, and goes on by itself when there is space', async () => {
    expect(await askUntil(200)).toEqual([])
    disk!.fill()
    // What is left in the last block of the file takes a few records yet.
    await askUntil(503)
    for (let i = 0; i < 5; i++) {
      const answer = await askRest(daemon.port(), [user])
      expect(answer).toMatchObject({ status: 503, ac: undefined, code: 'InternalError' })
      expect(answer.message).toMatch(
        /^vo\.0: The server cannot record what it issues, please try again later\. \[/,
      )
    }
    expect(await askLegacy(daemon.port(), [user], ['A'])).toContain('<number>1006</number>')
    expect(daemon.log.map(({ msg }) => msg)).toContain('audit: records cannot be written')
    disk!.free()
    expect(await askUntil(200)).toEqual([])
    expect(daemon.log.map(({ msg }) => msg)).toContain('audit: records are written again')
  })

  it('leaves no torn record, and an intent for every AC', async () => {
    await daemon.server.close()
    const folder = join(disk!.folder, 'audit')
    const keys = readPublicKeys([publicKeyPath(join(folder, 'heads.key'))])
    expect(await verifyAudit({ folder, keys }, { now: () => NOW + 3600 })).toMatchObject({ faults: [] })
    const text = readdirSync(join(folder, 'w0'))
      .filter(file => file.endsWith('.seg'))
      .map(file => readFileSync(join(folder, 'w0', file), 'utf8'))
      .join('')
    const issued = daemon.log
      .filter(({ outcome }) => outcome === 'issued')
      .map(({ serial }) => serial as string)
    expect(issued.length).toBeGreaterThan(1)
    for (const serial of issued) expect(text.split(`"serial":"${serial}"`)).toHaveLength(3)
  })
})
