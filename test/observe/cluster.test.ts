import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FAMILIES } from '../../src/observe/families.ts'
import type { Status } from '../../src/observe/status.ts'
import { migrate } from '../../src/store/migrate.ts'
import { askRest, userNamed } from '../e2e/daemon.ts'
import { fillSampleVo } from '../store/sampleVo.ts'
import { type DaemonProcess, makeSiteFolder, runDaemon, type SiteFolder } from '../supervise/daemonProcess.ts'
import { promtool, promtoolSuite } from './promtool.ts'

const MEMBER = userNamed('test0')

describe('a daemon of two workers', () => {
  let site: SiteFolder
  let daemon: DaemonProcess
  let base: string
  let port: number
  let text: string
  beforeAll(async () => {
    site = makeSiteFolder()
    const toml = readFileSync(site.config, 'utf8')
    writeFileSync(site.config, toml.replace('[observe]\nlisten = []', '[observe]\nlisten = ["127.0.0.1:0"]'))
    daemon = runDaemon(site)
    const { addresses } = await daemon.line('metrics, health and status')
    base = `http://127.0.0.1:${(addresses as { port: number }[])[0]!.port}`
    await daemon.line('ready')
    const db = await site.database()
    await migrate(db)
    await fillSampleVo(db)
    await db.close()
    port = await daemon.port()
    for (let index = 0; index < 10; index++) await askRest(port, [MEMBER])
    text = await scrape()
  })
  afterAll(async () => {
    await daemon?.stop()
    site?.remove()
  })

  const scrape = async () => await (await fetch(`${base}/metrics`)).text()
  function value(series: string, from = text): number | undefined {
    const line = from.split('\n').find(one => one.startsWith(`${series} `))
    return line === undefined ? undefined : Number(line.slice(series.length))
  }

  it('counts as one', () => {
    expect(value('vouchd_attribute_certificates_issued_total{vo="vo.0"}')).toBe(10)
    expect(value('vouchd_audit_records_total{kind="intent",result="ok"}')).toBe(10)
    expect(value('vouchd_workers{state="serving"}')).toBe(2)
    expect(value('vouchd_db_up')).toBe(1)
    for (const worker of ['0', '1', 'supervisor']) {
      expect(value(`process_resident_memory_bytes{worker="${worker}"}`)).toBeGreaterThan(10_000_000)
    }
    expect(value('vouchd_last_reload_successful{subject="config"}')).toBe(1)
    expect(value('vouchd_audit_last_verified_timestamp_seconds')).toBeGreaterThan(1_600_000_000)
    expect(text).toMatch(
      /^vouchd_build_info\{version="\d+\.\d+\.\d+",revision="\w+",node="\d+\.\d+\.\d+",openssl="[\w.+-]+"\} 1$/m,
    )
  })

  it('exports every family but those of a database server and of CRLs, within 1000 series', () => {
    const there = new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(match => match[1]!))
    const missing = Object.keys(FAMILIES).filter(name => !there.has(name))
    expect(missing).toEqual(['vouchd_db_pool_connections'])
    const series = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
    expect(series.length).toBeLessThanOrEqual(1000)
    expect(new Set(series.map(line => line.slice(0, line.lastIndexOf(' ')))).size).toBe(series.length)
  })

  it('keeps what a worker counted that is killed', async () => {
    const { workers } = await daemon.status()
    process.kill(workers[0]!.pid!, 'SIGKILL')
    await expect
      .poll(async () => value('vouchd_worker_restarts_total{reason="crash"}', await scrape()), {
        timeout: 20_000,
      })
      .toBe(1)
    await expect
      .poll(async () => value('vouchd_workers{state="serving"}', await scrape()), { timeout: 20_000 })
      .toBe(2)
    const after = await scrape()
    expect(value('vouchd_attribute_certificates_issued_total{vo="vo.0"}', after)).toBe(10)
    expect(value('process_open_fds{worker="0"}', after)).toBeGreaterThan(0)
    await askRest(port, [MEMBER])
    expect(value('vouchd_attribute_certificates_issued_total{vo="vo.0"}', await scrape())).toBe(11)
  })

  it('keeps what workers counted that an operator takes away', async () => {
    const toml = readFileSync(site.config, 'utf8')
    writeFileSync(site.config, toml.replace('workers = 2', 'workers = 1'))
    expect((await daemon.reload()).ok).toBe(true)
    await expect
      .poll(async () => value('process_open_fds{worker="1"}', await scrape()), { timeout: 20_000 })
      .toBeUndefined()
    const after = await scrape()
    expect(value('vouchd_attribute_certificates_issued_total{vo="vo.0"}', after)).toBe(11)
    expect(value('vouchd_reloads_total{subject="config",result="ok"}', after)).toBe(1)
    expect(value('vouchd_admin_actions_total{action="reload",result="ok"}', after)).toBe(1)
  })

  it('tells that a configuration was refused', async () => {
    const toml = readFileSync(site.config, 'utf8')
    writeFileSync(site.config, toml.replace('workers = 1', 'workers = "many"'))
    expect((await daemon.reload()).ok).toBe(false)
    const refused = await scrape()
    expect(value('vouchd_last_reload_successful{subject="config"}', refused)).toBe(0)
    expect(value('vouchd_reloads_total{subject="config",result="failed"}', refused)).toBe(1)
    writeFileSync(site.config, toml)
    expect((await daemon.reload()).ok).toBe(true)
    expect(value('vouchd_last_reload_successful{subject="config"}', await scrape())).toBe(1)
  })

  it('is ready, and shows its state', async () => {
    expect((await fetch(`${base}/readyz`)).status).toBe(200)
    const status = (await (await fetch(`${base}/status.json`)).json()) as Status
    expect(status).toMatchObject({
      ready: true,
      workers: [{ worker: '0', state: 'serving' }],
      vos: [{ name: 'vo.0', addresses: [`127.0.0.1:${port}`], total: 11 }],
    })
    expect(status.vos[0]!.members).toBeGreaterThan(0)
  })

  promtoolSuite('promtool', () => {
    it('finds nothing to say about the metrics', () => {
      const { ok, text: said } = promtool(['check', 'metrics'], text)
      expect({ ok, said }).toEqual({ ok: true, said: '' })
    })
  })
})
