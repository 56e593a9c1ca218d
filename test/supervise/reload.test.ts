import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { issueHost } from '../cli/siteFolder.ts'
import { askRest, ca, host, LONG, userNamed } from '../e2e/daemon.ts'
import { freePort } from '../interop/freePort.ts'
import type { Credential } from '../pki/issueCertificate.ts'
import { storedRsaKey } from '../pki/keys.ts'
import {
  type DaemonProcess,
  makeSiteFolder,
  runCommand,
  type SiteFolder,
  startDaemonProcess,
  until,
  WORKERS,
} from './daemonProcess.ts'
import { startLoad } from './load.ts'

// Every test starts processes, and some a database, on machines that have other things to do.
vi.setConfig({ testTimeout: 120_000 })

const user = userNamed('test0')

/** Host credentials of one name with different keys. */
function hostWith(key: number, more: Partial<Parameters<typeof issueHost>[2]> = {}): Credential {
  return issueHost(ca, storedRsaKey(2048, key), {
    subject: '/C=IT/O=Test/CN=voms.example.org',
    ...LONG,
    ...more,
  })
}

describe('a reload', () => {
  let site: SiteFolder
  let daemon: DaemonProcess
  let port: number
  let other: number

  beforeAll(async () => {
    port = await freePort()
    other = await freePort()
    site = makeSiteFolder([['vo.0', `127.0.0.1:${port}`]])
    daemon = await startDaemonProcess(site)
  })
  afterAll(async () => {
    await daemon?.stop()
    site?.remove()
  })
  afterEach(async () => {
    site.configure()
    site.writeHost(host)
    await daemon.reload()
  })

  const works = async () => (await askRest(port, [user])).status

  it('without a change changes nothing, by command and by signal', async () => {
    expect(await runCommand(site, 'reload')).toEqual({ code: 0, out: '', err: 'reloaded\n' })
    const from = daemon.log.length
    daemon.child.kill('SIGHUP')
    expect(await daemon.line('reloaded', from)).toMatchObject({ subject: 'config' })
    expect(daemon.log.slice(from).filter(({ msg }) => msg === 'listening')).toEqual([])
    expect(await works()).toBe(200)
  })

  it('adds and removes VOs and ports under load, and fails no request', async () => {
    const load = startLoad(() => port)
    for (let round = 0; round < 3; round++) {
      site.configure(WORKERS, [
        ['vo.0', `127.0.0.1:${port}`],
        ['vo.1', `127.0.0.1:${other}`],
      ])
      expect(await daemon.reload()).toMatchObject({ ok: true })
      expect(await askRest(other, [user])).toMatchObject({ status: 403, code: 'NoSuchUser' })
      site.configure()
      expect(await daemon.reload()).toMatchObject({ ok: true })
      await expect(askRest(other, [user])).rejects.toThrow('ECONNREFUSED')
    }
    const { issued, refused, broken } = await load.stop()
    expect(issued).toBeGreaterThan(10)
    expect([refused, broken]).toEqual([[], []])
  })

  it('moves a port from one VO to another', async () => {
    site.configure(WORKERS, [
      ['vo.1', `127.0.0.1:${port}`],
      ['vo.0', `127.0.0.1:${other}`],
    ])
    expect(await daemon.reload()).toMatchObject({ ok: true })
    expect(await askRest(port, [user])).toMatchObject({ code: 'NoSuchUser' })
    expect(await askRest(other, [user])).toMatchObject({ status: 200 })
  })

  it('changes policy, limits, log level and the number of workers in every process', async () => {
    site.configure(
      `${WORKERS.replace('2', '3')}[authentication]\ncrl = "require"\n[limits]\nmaxConnections = 50\n[log]\nlevel = "warn"\n`,
    )
    expect(await daemon.reload()).toMatchObject({ ok: true })
    await until(async () => {
      const { workers } = await daemon.status()
      return workers.length === 3 && workers.every(({ state }) => state === 'serving')
    })
    const answers = await Promise.all(Array.from({ length: 30 }, () => askRest(port, [user])))
    // Its CA has no CRL.
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 403))
  })

  it.each([
    ['half-written', (text: string) => text.slice(0, text.length / 2)],
    ['empty', () => ''],
    ['binary', () => '\0\xff'],
    ['with an unknown key', (text: string) => `[log]\nlevle = "info"\n${text}`],
    ['with a key file that is not there', (text: string) => text.replace('host.key', 'none.key')],
    ['with a trust directory without CAs', (text: string) => text.replace('"certificates"', '"."')],
    ['with an address that is none here', (text: string) => text.replace('127.0.0.1', '192.0.2.1')],
    ['without workers', (text: string) => text.replace('workers = 2', 'workers = 0')],
  ])('of a configuration %s is refused whole, and all goes on', async (_name, damage) => {
    writeFileSync(site.config, damage(readFileSync(site.config, 'utf8')))
    const from = daemon.log.length
    daemon.child.kill('SIGHUP')
    const line = await daemon.line('not reloaded: what was served before is still served', from)
    expect(line['findings']).not.toEqual([])
    expect(await works()).toBe(200)
    expect((await daemon.status()).lastReload).toMatchObject({ ok: false, subject: 'config' })
  })

  it('that is refused prints every fault, exits with 1, and leaves no new port open', async () => {
    site.configure(WORKERS, [
      ['vo.0', `127.0.0.1:${port}`],
      ['vo.1', `127.0.0.1:${other}`],
    ] as const)
    chmodSync(site.path('host.key'), 0o644)
    const { code, err } = await runCommand(site, 'reload')
    expect(code).toBe(1)
    expect(err).toContain('may be read by others than its owner (mode 0644); chmod 0400')
    expect(err).toContain('not reloaded')
    await expect(askRest(other, [user])).rejects.toThrow('ECONNREFUSED')
  })
})

describe('renewed certificates', () => {
  let site: SiteFolder
  let daemon: DaemonProcess
  let port: number

  beforeAll(async () => {
    site = makeSiteFolder()
    daemon = await startDaemonProcess(site)
    port = await daemon.port()
  })
  afterAll(async () => {
    await daemon?.stop()
    site?.remove()
  })

  it('are taken without being told, once the pair is whole', async () => {
    const from = daemon.log.length
    site.writeHost(hostWith(3))
    await daemon.line('reloaded', from)
    expect((await askRest(port, [user])).status).toBe(200)
  })

  it('of which one half is missing, or that have expired, are refused and the old ones stay', async () => {
    const expired = hostWith(4, { from: '2020-01-01T00:00:00Z', until: '2021-01-01T00:00:00Z' })
    for (const damage of [
      () => renameSync(site.path('host.key'), site.path('kept.key')),
      () => site.writeHost(expired),
      () => writeFileSync(site.path('host.pem'), '-----BEGIN CERTIFICATE-----\nMIIB'),
    ]) {
      const from = daemon.log.length
      damage()
      await daemon.line('not reloaded: what was served before is still served', from)
      expect((await askRest(port, [user])).status).toBe(200)
    }
    const from = daemon.log.length
    site.writeHost(host)
    await daemon.line('reloaded', from)
  })

  it('swapped again and again under load fail no handshake, and no AC is signed by another key than its own', async () => {
    const load = startLoad(() => port)
    for (let swap = 0; swap < SWAPS; swap++) {
      site.writeHost(hostWith(1 + (swap % 2), { serial: 0x1000 + swap }))
      expect(await daemon.reload()).toMatchObject({ ok: true, findings: [] })
    }
    const { issued, refused, broken, mismatched } = await load.stop()
    expect(issued).toBeGreaterThan(SWAPS)
    expect([refused, broken, mismatched]).toEqual([[], [], 0])
  })
})

/** VOUCHD_SWAPS=500 for the whole of it. */
const SWAPS = Number(process.env['VOUCHD_SWAPS'] ?? 30)
