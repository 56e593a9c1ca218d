import { spawnSync } from 'node:child_process'
import { closeSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { takeInheritedSockets } from '../../src/supervise/inheritedSockets.ts'
import { bindHandle } from '../../src/supervise/listenHandle.ts'
import { freePort } from '../interop/freePort.ts'
import { makeSiteFolder, runDaemon, startDaemonProcess, WORKERS } from './daemonProcess.ts'
import { rollRestarts } from './rollRestarts.ts'

// Every test starts processes, and some a database, on machines that have other things to do.
vi.setConfig({ testTimeout: 120_000 })

const INHERITED = new URL('../../src/supervise/inheritedSockets.ts', import.meta.url).href

describe('an inherited socket', () => {
  it('lets restarts refuse nobody', async () => {
    const { issued, refused, broken, mismatched, exits } = await rollRestarts(3)
    expect([refused, broken, mismatched, exits]).toEqual([[], [], 0, [0, 0, 0]])
    expect(issued).toBeGreaterThan(3)
  })

  it.each([
    ['for another process', { LISTEN_PID: '1', LISTEN_FDS: '1' }],
    ['without a process', { LISTEN_FDS: '1' }],
    ['none', { LISTEN_PID: '7', LISTEN_FDS: '0' }],
    ['a wild number', { LISTEN_PID: '7', LISTEN_FDS: '1e9' }],
    ['no number', { LISTEN_PID: '7', LISTEN_FDS: 'x' }],
  ])('is not taken: %s', (_name, env) => {
    expect(takeInheritedSockets(env, 7)).toEqual({ sockets: [], unusable: [] })
  })

  it('is known by its address; what is no TCP socket is told of', () => {
    const tcp = bindHandle({ host: '127.0.0.1', port: 0 }) as unknown as { fd: number; close(): void }
    const file = openSync(import.meta.filename, 'r')
    const program = `
      import { takeInheritedSockets } from ${JSON.stringify(INHERITED)}
      const { sockets, unusable } = takeInheritedSockets(process.env, process.pid)
      console.log(JSON.stringify({ sockets: sockets.map(({ name, address }) => ({ name, address })), unusable }))`
    const { stdout, stderr } = spawnSync(
      'sh',
      ['-c', 'LISTEN_PID=$$ exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', program],
      {
        stdio: ['ignore', 'pipe', 'pipe', file, tcp.fd],
        env: { ...process.env, LISTEN_FDS: '2', LISTEN_FDNAMES: 'odd:vo.0' },
        encoding: 'utf8',
      },
    )
    tcp.close()
    closeSync(file)
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual({
      sockets: [{ name: 'vo.0', address: { host: '127.0.0.1', port: expect.any(Number) } }],
      unusable: ['descriptor 3 (odd) is no TCP socket'],
    })
  })
})

describe('the start', () => {
  it('says every fault at once, each with what to do', async () => {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const site = makeSiteFolder([
      ['vo.0', `127.0.0.1:${port}`],
      ['vo.1', '192.0.2.1:0'],
    ])
    writeFileSync(site.path('host.pem'), 'nothing')
    rmSync(site.path('database'), { recursive: true, force: true })
    writeFileSync(site.path('database'), 'a file')
    const { code, err } = await runDaemon(site).ended
    server.close()
    site.remove()
    expect(code).toBe(1)
    expect(err).toContain(`vo[0].listen[0]: 127.0.0.1:${port} is in use; end what has it`)
    expect(err).toContain('vo[1].listen[0]: 192.0.2.1:0 is no address of this machine; correct it')
    expect(err).toContain('host.pem: holds no PEM certificate; write the certificate there, in PEM')
    expect(err).toMatch(/store: .*database.* is not a folder; /)
  })
})

describe('a second daemon over the same configuration', () => {
  it('says that another one runs, and nothing that harms it', async () => {
    const site = makeSiteFolder([['vo.0', `127.0.0.1:${await freePort()}`]])
    const daemon = await startDaemonProcess(site)
    const second = await runDaemon(site).ended
    expect(second.code).toBe(1)
    const lines = second.err.trimEnd().split('\n')
    expect(lines.map(line => line.slice(0, line.indexOf(': ', 8))).sort()).toEqual([
      'vouchd: audit.folder',
      'vouchd: store',
      'vouchd: vo[0].listen[0]',
    ])
    for (const line of lines) {
      expect(line).toMatch(
        / in use(?: by process \d+)?; another vouchd already runs over it: use vouchd --config \S+ reload/,
      )
    }
    expect((await daemon.status()).ready).toBe(true)
    daemon.child.kill('SIGTERM')
    expect((await daemon.ended).code).toBe(0)
    site.remove()
  })
})

describe('one process alone', () => {
  it('serves, reloads and ends through the same parts', async () => {
    const site = makeSiteFolder()
    site.configure(WORKERS.replace('2', '0'))
    const daemon = await startDaemonProcess(site)
    const { workers, pid } = await daemon.status()
    expect(workers.map(worker => worker.pid)).toEqual([pid])
    expect(await daemon.reload()).toMatchObject({ ok: true })
    daemon.child.kill('SIGTERM')
    expect(await daemon.ended).toEqual({ code: 0, err: '' })
    site.remove()
  })
})

describe('the control socket', () => {
  it('is missed by its key, where its folder is missing', async () => {
    const site = makeSiteFolder()
    site.configure('[processes]\nworkers = 0\ncontrolSocket = "none/control.sock"\n')
    const daemon = runDaemon(site)
    const line = await daemon.line(
      'without a control socket: vouchd reload and vouchd status do not reach this daemon',
    )
    expect(line).toMatchObject({
      key: 'processes.controlSocket',
      detail: expect.stringContaining(`its folder ${site.path('none')} does not exist`),
      advice: expect.stringContaining(`mkdir -p ${site.path('none')}`),
    })
    expect(await daemon.line('a VO is not in the database: all its users are unknown')).toMatchObject({
      vo: 'vo.0',
      advice: expect.stringMatching(/^vouchd vo add vo\.0, or vouchd import /),
    })
    // Before that a signal ends the process without its parts.
    await daemon.line('ready')
    daemon.child.kill('SIGTERM')
    await daemon.ended
    site.remove()
  })

  it('is the owner’s alone, bounded, and survives nonsense', async () => {
    const site = makeSiteFolder()
    const daemon = await startDaemonProcess(site)
    const path = site.path('control.sock')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const say = (text: string) =>
      new Promise<string>(resolve => {
        const socket = connect(path)
        let answer = ''
        socket.on('data', chunk => {
          answer += chunk
        })
        socket.on('error', () => {})
        socket.on('close', () => resolve(answer))
        socket.write(text)
      })
    for (const nonsense of ['\n', '{}\n', '[]\n', '{"op":"constructor"}\n', '{"op":7}\n', 'x'.repeat(5000)]) {
      expect(await say(nonsense)).toContain('is asked by')
    }
    const crowd = Array.from({ length: 40 }, () => connect(path).on('error', () => {}))
    await Promise.all(crowd.map(socket => new Promise(resolve => socket.once('connect', resolve))))
    for (const socket of crowd) socket.destroy()
    await Promise.all(crowd.map(socket => new Promise(resolve => socket.once('close', resolve))))
    expect(JSON.parse(await say('{"op":"status"}\n'))).toMatchObject({ ready: true })
    await daemon.stop()
    site.remove()
  })

  it('that cannot be had does not keep the daemon from serving', async () => {
    const site = makeSiteFolder()
    site.configure(WORKERS.replace('control.sock', 'no-such-folder/control.sock'))
    const daemon = runDaemon(site)
    expect(await daemon.line('ready')).toBeDefined()
    expect(daemon.log.find(({ msg }) => String(msg).startsWith('without a control socket'))).toBeDefined()
    await daemon.stop()
    site.remove()
  })
})
