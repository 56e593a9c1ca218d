import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { unnoticed } from '../../src/audit/auditObserver.ts'
import { createAuditLog } from '../../src/audit/createAuditLog.ts'
import { createHeadSigner } from '../../src/audit/createHeadSigner.ts'
import { segmentStorage } from '../../src/audit/segmentStorage.ts'
import { intentOf } from '../audit/auditFolder.ts'
import { NOW, runInProcess } from './runInProcess.ts'
import { makeSite, type Site } from './siteFolder.ts'

let site: Site
const folder = () => join(site.folder, 'audit')
const run = (...args: string[]) => runInProcess('--config', site.config, 'audit', ...args)

/** Three ACs, recorded and signed an hour before these tests. */
beforeAll(async () => {
  site = makeSite()
  const headKey = join(folder(), 'heads.key')
  const deps = {
    clock: { now: () => NOW - 3600 },
    monotonic: () => 0,
    storage: segmentStorage,
    observer: unnoticed,
    after: () => () => {},
  }
  const options = {
    folder: folder(),
    headKey,
    worker: 0,
    onFull: 'refuse',
    maxSegmentBytes: 1_000_000,
    retentionDays: 0,
  } as const
  const log = await createAuditLog(options, deps)
  for (const number of [1, 2, 3]) {
    const intent = intentOf(number, { id: `r-${number}` })
    await log.intent(intent)
    log.result({ id: intent.id, serial: intent.serial, ac: 'cd'.repeat(32) })
  }
  await log.close()
  const signer = await createHeadSigner({ ...options, intervalSeconds: 60 }, { ...deps, heads: () => [] })
  await signer.close()
})
afterAll(() => site.remove())

describe('vouchd audit search', () => {
  it('shows who got what', async () => {
    const { code, out } = await run('search', '--dn', '/C=IT/O=IGI/CN=user 2')
    expect(code).toBe(0)
    expect(out).toMatch(/^2026-06-01T11:00:00Z {2}issued {2}vo\.0 {2}0{31}2\n/)
    expect(out).toContain('  holder    /C=IT/O=IGI/CN=user 2  (serial 1003)')
    expect(out).toContain('  /vo.0/G1/Role=R1/Capability=NULL')
    expect(out).not.toContain('user 1')
  })

  it('prints a line of JSON for each', async () => {
    const { out } = await run('search', '--from', '2026-06-01', '--until', '2026-06-01', '--json')
    expect(
      out
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line).id),
    ).toEqual(['r-1', 'r-2', 'r-3'])
  })

  it('exits with 1 when nothing fits', async () => {
    expect(await run('search', '--until', '2026-05-31')).toEqual({ code: 1, out: '', err: '' })
  })

  it.each([
    ['--from', 'yesterday'],
    ['--until', '2026-13-01'],
    ['--from', '12:00'],
  ])('refuses %s %s as a time', async (option, time) => {
    const { code, err } = await run('search', option, time)
    expect([code, err]).toEqual([2, expect.stringContaining('write 2026-05-01 or')])
  })
})

describe('vouchd audit export', () => {
  it('writes CSV with a header', async () => {
    const { code, out } = await run('export', '--format', 'csv', '--id', 'r-3')
    expect(code).toBe(0)
    const [header, row, ...rest] = out.split('\r\n')
    expect(header).toMatch(/^time,outcome,vo,serial,/)
    expect(row).toMatch(/^2026-06-01T11:00:00Z,issued,vo\.0,0{31}3,/)
    expect(rest).toEqual([''])
  })

  it('writes nothing, and that is no failure, when nothing fits', async () => {
    expect(await run('export', '--vo', 'vo.9')).toEqual({ code: 0, out: '', err: '' })
  })
})

describe('vouchd audit verify', () => {
  it('says that all is as it was written', async () => {
    const { code, out } = await run('verify')
    expect(out).toMatch(/^8 records in 1 logs, 1 signed checkpoints\nnewest checkpoint [0-9a-f]{64}\n/)
    expect([code, out]).toEqual([0, expect.stringContaining('all is as it was written')])
  })

  it('exits with 1 and names the place of a fault, for programs too', async () => {
    const path = join(folder(), 'w0/00000001.seg')
    const before = readFileSync(path)
    const damaged = Buffer.from(before)
    damaged.write('9', before.indexOf('user 2') + 5)
    writeFileSync(path, damaged)
    const { code, out } = await run('verify')
    const json = await run('verify', '--json')
    const search = await run('search', '--id', 'r-1')
    writeFileSync(path, before)
    expect(code).toBe(1)
    expect(out).toMatch(/FAULT w0\/00000001\.seg, octet \d+, record 4: a record whose hash/)
    expect(JSON.parse(json.out)).toMatchObject({ ok: false, faults: [{ file: 'w0/00000001.seg', n: 4 }] })
    expect([search.code, search.err]).toEqual([1, expect.stringContaining('w0/00000001.seg')])
    expect(search.out).toContain('user 1')
  })

  it('wants a noted checkpoint to be there', async () => {
    const { code, out } = await run('verify', '--checkpoint', 'ab'.repeat(32))
    expect([code, out]).toEqual([1, expect.stringContaining('records were taken back')])
    expect((await run('verify', '--checkpoint', 'abc')).code).toBe(2)
  })

  it('says which key it does not know', async () => {
    site.configure('[store]\nfolder = "database"', '')
    const text = readFileSync(site.config, 'utf8')
    writeFileSync(site.config, text.replace('[audit]', '[audit]\nheadKey = "other.key"'))
    const { code, out } = await run('verify')
    const known = await run('verify', '--key', join(folder(), 'heads.key.pub'))
    writeFileSync(site.config, text)
    expect([code, out]).toEqual([1, expect.stringContaining('a key that is not known here')])
    expect(known.code).toBe(0)
  })
})

describe('vouchd check', () => {
  it('names a clock behind the newest record', async () => {
    const path = join(folder(), 'w0/00000001.seg')
    const before = readFileSync(path, 'latin1')
    const time = String(NOW - 3600)
    writeFileSync(path, before.replaceAll(`"t":${time}`, `"t":${NOW + 600}`))
    const { out } = await runInProcess('--config', site.config, 'check')
    writeFileSync(path, before)
    expect(out).toMatch(/audit +FAULTY/)
    expect(out).toContain('the clock is 600 s behind the newest record')
  })
})
