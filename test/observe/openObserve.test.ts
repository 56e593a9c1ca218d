import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Config } from '../../src/config/types.ts'
import { type Observe, openObserve } from '../../src/observe/openObserve.ts'
import type { PartState, Status } from '../../src/observe/status.ts'
import { askRest, type Daemon, NOW, startDaemon, userNamed } from '../e2e/daemon.ts'

describe('watching a daemon', () => {
  let daemon: Daemon
  let observe: Observe
  let base: string
  let parts: readonly PartState[] | undefined
  const notices: unknown[] = []
  beforeAll(async () => {
    daemon = await startDaemon({ observe: { listen: ['127.0.0.1:0'] } })
    const { server, config, clock, metrics } = daemon
    observe = openObserve(
      {
        metrics: async () => metrics.snapshot(),
        readiness: async () => parts ?? server.readiness(),
        memberCounts: () => server.memberCounts(),
        addresses: () => new Map(server.addresses.map(({ vo, addresses }) => [vo, addresses])),
        workers: () => [],
      },
      {
        clock: { now: () => clock.now },
        monotonic: () => performance.now(),
        events: { notice: (...notice) => notices.push(notice) },
        version: '1.2.3',
      },
    )
    await observe.apply(config)
    await askRest(daemon.port(), [userNamed('test0')])
    await askRest(daemon.port(), [userNamed('stranger')])
    const [address] = observe.addresses()
    base = `http://127.0.0.1:${(address as { port: number }).port}`
  })
  afterAll(async () => {
    await observe?.close()
    await daemon?.stop()
  })

  it('gives metrics in the text format', async () => {
    const response = await fetch(`${base}/metrics`)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await response.text()).toContain('\nvouchd_attribute_certificates_issued_total{vo="vo.0"} 1\n')
  })

  it('tells that it lives', async () => {
    const response = await fetch(`${base}/livez`)
    expect([response.status, await response.text()]).toEqual([200, 'alive\n'])
  })

  it('tells whether it is ready, by part, and why not', async () => {
    const ready = await fetch(`${base}/readyz`)
    expect([ready.status, await ready.text()]).toEqual([
      200,
      'ready\n\nkeys: ready\ntrust: ready\ndatabase: ready\n',
    ])
    parts = [
      { part: 'keys', ready: true, why: undefined },
      { part: 'database', ready: false, why: 'it has not answered yet' },
    ]
    const not = await fetch(`${base}/readyz`)
    expect([not.status, await not.text()]).toEqual([
      503,
      'not ready\n\nkeys: ready\ndatabase: not ready (it has not answered yet)\n',
    ])
    const json = await fetch(`${base}/readyz`, { headers: { Accept: 'application/json' } })
    expect(json.status).toBe(503)
    expect(await json.json()).toMatchObject({
      ready: false,
      parts: [{ part: 'keys' }, { part: 'database', ready: false }],
    })
    parts = undefined
  })

  it('gives its state to programs', async () => {
    const status = (await (await fetch(`${base}/status.json`)).json()) as Status
    const same = await fetch(`${base}/status`, { headers: { Accept: 'application/json' } })
    expect(same.headers.get('content-type')).toBe('application/json')
    expect(status).toMatchObject({
      ready: true,
      version: '1.2.3',
      now: '2026-06-01T00:00:00Z',
      database: { answers: true, lastContact: '2026-06-01T00:00:00Z' },
      trust: { anchors: 1, crls: { valid: 0, expired: 0 } },
      vos: [
        {
          name: 'vo.0',
          uri: 'voms.example.org:15000',
          addresses: [`127.0.0.1:${daemon.port()}`],
          certificates: [
            {
              usage: 'tls_rsa',
              subject: '/C=IT/O=Test/CN=voms.example.org',
              issuer: '/C=IT/O=Test/CN=CA',
              notAfter: '2040-01-01T00:00:00Z',
              daysLeft: Math.floor((Date.UTC(2040, 0, 1) / 1000 - NOW) / 86_400),
            },
            { usage: 'ac' },
          ],
          total: 1,
          vomses: {
            file: '/etc/vomses/vo.0-voms.example.org',
            line: '"vo.0" "voms.example.org" "15000" "/C=IT/O=Test/CN=voms.example.org" "vo.0"',
          },
          lsc: {
            file: '/etc/grid-security/vomsdir/vo.0/voms.example.org.lsc',
            content: '/C=IT/O=Test/CN=voms.example.org\n/C=IT/O=Test/CN=CA\n',
          },
        },
      ],
    })
    const [members] = await (await daemon.database()).query<{ n: number }>(
      'select count(*)::int as n from vouchd.member',
    )
    expect(status.vos[0]!.members).toBe(members!.n)
  })

  it('gives people a page that loads nothing and shows what they need', async () => {
    const response = await fetch(`${base}/status`, {
      headers: { Accept: 'text/html,application/xhtml+xml,*/*' },
    })
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    )
    const page = await response.text()
    expect(page).toContain('&quot;vo.0&quot; &quot;voms.example.org&quot;')
    expect(page).not.toMatch(/<script|src=|https?:|url\(|@import| style=| on[a-z]+=/i)
  })

  it('knows no other path', async () => {
    expect((await fetch(`${base}/etc/passwd`)).status).toBe(404)
  })

  it('goes on without its address where that is in use, and takes it up when it is free', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    const config = (listen: Config['observe']['listen']): Config => ({
      ...daemon.config,
      observe: { ...daemon.config.observe, listen },
    })
    await observe.apply(config([{ host: '127.0.0.1', port }]))
    expect(observe.addresses()).toEqual([])
    expect(notices.at(-1)).toMatchObject(['error', 'metrics, health and status cannot be asked for', {}])
    await new Promise(resolve => taken.close(resolve))
    await observe.apply(config([{ host: '127.0.0.1', port }]))
    expect(observe.addresses()).toEqual([{ host: '127.0.0.1', port }])
    await observe.apply(config([]))
    expect(observe.addresses()).toEqual([])
  })

  it('leaves out what it cannot read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vouchd-observe-'))
    writeFileSync(join(folder, 'empty.pem'), '')
    const [vo] = daemon.config.vos
    const broken = { certificate: join(folder, 'empty.pem'), key: join(folder, 'none.key') }
    await observe.apply({
      ...daemon.config,
      vos: [{ ...vo!, hostCredentials: [broken], acCredential: broken }],
    })
    const [address] = observe.addresses()
    const status = (await (
      await fetch(`http://127.0.0.1:${(address as { port: number }).port}/status.json`)
    ).json()) as Status
    expect(status.vos[0]).toMatchObject({ certificates: [], vomses: null, lsc: null })
    rmSync(folder, { recursive: true })
  })
})
