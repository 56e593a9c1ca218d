import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { publicKeyPath, readPublicKeys } from '../../src/audit/headKey.ts'
import { verifyAudit } from '../../src/audit/verifyAudit.ts'
import { systemClock } from '../../src/clock.ts'
import { placeBlankDatabase } from '../store/blankDatabase.ts'
import { until } from '../supervise/daemonProcess.ts'
import { makeSite, type Site } from './siteFolder.ts'

// Every test starts a daemon, on machines that have other things to do.
vi.setConfig({ testTimeout: 120_000 })

const bin = join(import.meta.dirname, '../../bin/vouchd')

let site: Site
beforeAll(() => {
  site = makeSite()
  placeBlankDatabase(site.path('database'))
})
afterAll(() => site.remove())

interface Daemon {
  readonly child: ChildProcess
  readonly ended: Promise<{ code: number | null; err: string }>
  line(message: string): Promise<Record<string, unknown>>
}

function serve(...options: string[]): Daemon {
  const child = spawn(bin, ['serve', '--config', site.config, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let err = ''
  child.stderr.on('data', chunk => {
    err += chunk
  })
  const ended = new Promise<{ code: number | null; err: string }>(resolve =>
    child.on('close', code => resolve({ code, err })),
  )
  const seen: Record<string, unknown>[] = []
  const waiting = new Set<() => void>()
  createInterface({ input: child.stdout }).on('line', line => {
    seen.push(JSON.parse(line))
    for (const look of waiting) look()
  })
  const line = (message: string) =>
    new Promise<Record<string, unknown>>((resolve, reject) => {
      const look = () => {
        const found = seen.find(({ msg }) => msg === message)
        if (found !== undefined) resolve(found)
      }
      waiting.add(look)
      look()
      ended.then(end => reject(new Error(`ended with ${end.code}: ${end.err}`)))
    })
  return { child, ended, line }
}

/** An address of the VO that something else has. */
async function takePort(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  listenOn(port)
  return { server, port }
}

function listenOn(port: number): void {
  const credential = '{ certificate = "host.pem", key = "host.key" }'
  writeFileSync(
    site.config,
    `[store]
folder = "database"
[trust]
directory = "certificates"
[audit]
folder = "audit"
[processes]
controlSocket = "control.sock"
[[vo]]
name = "vo.0"
listen = ["127.0.0.1:${port}"]
uri = "voms.example.org:1"
hostCredentials = [ ${credential} ]
`,
  )
}

describe('vouchd serve', () => {
  it('serves until SIGTERM, then exits with 0', async () => {
    const daemon = serve()
    const ready = (await daemon.line('ready')) as { vos: { addresses: { port: number }[] }[] }
    const { port } = ready.vos[0]!.addresses[0]!
    const subject = await new Promise(resolve => {
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().subject?.CN)
        socket.destroy()
      })
      socket.on('error', resolve)
    })
    expect(subject).toBe('voms.example.org')
    daemon.child.kill('SIGTERM')
    expect(await daemon.ended).toEqual({ code: 0, err: '' })
  })

  it('ends in order when it is asked to while it starts: what was recorded by then is signed', async () => {
    const folder = site.path('audit')
    rmSync(folder, { recursive: true, force: true })
    const { child, ended } = serve()
    // The last thing before it serves: its records begin.
    await until(() => existsSync(join(folder, 'w0/00000001.seg')))
    child.kill('SIGTERM')
    expect(await ended).toEqual({ code: 0, err: '' })
    const keys = readPublicKeys([publicKeyPath(join(folder, 'heads.key'))])
    const later = { now: () => systemClock.now() + 3600 }
    const { faults, records } = await verifyAudit({ folder, keys }, later)
    expect({ faults, some: records > 0 }).toEqual({ faults: [], some: true })
  })

  it('does not wait for another process any longer when it is asked to end', async () => {
    const { server } = await takePort()
    const daemon = serve('--wait-for-ports', '3600')
    await daemon.line('another process has an address: it is waited for until that ends')
    daemon.child.kill('SIGTERM')
    expect(await daemon.ended).toEqual({ code: 0, err: '' })
    await new Promise(resolve => server.close(resolve))
    site.configure('[store]\nfolder = "database"')
  })

  it('exits with 3 and every fault on a faulty configuration', async () => {
    site.configure('[limits]\nrequestSeconds = 0\n', 'digest = "md5"')
    const { code, err } = await serve().ended
    expect(code).toBe(3)
    expect(err).toContain('limits.requestSeconds: 0 is too small')
    expect(err).toContain('vo[0].digest: "md5" is not a value of this key')
    site.configure('[store]\nfolder = "database"')
  })

  it('exits with 1 and says so when a key may be read by others', async () => {
    chmodSync(site.path('host.key'), 0o644)
    const { code, err } = await serve().ended
    expect(code).toBe(1)
    expect(err).toContain('may be read by others than its owner (mode 0644)')
    chmodSync(site.path('host.key'), 0o400)
  })

  it('exits with 1 and names the address when it is in use', async () => {
    const { server, port } = await takePort()
    const { code, err } = await serve().ended
    await new Promise(resolve => server.close(resolve))
    expect(err).toMatch(
      new RegExp(`^vouchd: vo\\[0\\]\\.listen\\[0\\]: 127\\.0\\.0\\.1:${port} is in use; .*\n$`),
    )
    expect(code).toBe(1)
  })
})
