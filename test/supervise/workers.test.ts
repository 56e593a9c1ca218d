import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { askRest, userNamed } from '../e2e/daemon.ts'
import {
  type DaemonProcess,
  lives,
  makeSiteFolder,
  runCommand,
  runDaemon,
  type SiteFolder,
  startDaemonProcess,
  until,
} from './daemonProcess.ts'
import { startLoad } from './load.ts'

// Every test starts processes, and some a database, on machines that have other things to do.
vi.setConfig({ testTimeout: 120_000 })

const test0 = userNamed('test0')
const test1 = userNamed('test1')

describe('several workers', () => {
  let site: SiteFolder
  let daemon: DaemonProcess
  let port: number
  /** While this file is there, processes that start die at once. */
  let poison: string

  beforeAll(async () => {
    site = makeSiteFolder()
    poison = site.path('poison')
    const preload = site.path('preload.mjs')
    writeFileSync(
      preload,
      `import { existsSync } from 'node:fs'
       if (process.argv[1]?.includes('workerProcess') && existsSync(${JSON.stringify(poison)})) process.exit(9)`,
    )
    daemon = await startDaemonProcess(site, { env: { NODE_OPTIONS: `--import=${preload}` } })
    port = await daemon.port()
  })
  afterAll(async () => {
    await daemon?.stop()
    site?.remove()
  })

  const workerPids = async () => (await daemon.status()).workers.map(({ pid }) => pid!)
  const allServing = () =>
    until(async () => {
      const { ready, workers } = await daemon.status()
      return ready && workers.every(({ state }) => state === 'serving') && workers
    })

  it('all serve, over one socket', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => askRest(port, [test0])))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    const by = new Set(daemon.log.filter(({ outcome }) => outcome === 'issued').map(({ worker }) => worker))
    expect(by).toEqual(new Set([0, 1]))
  })

  it('send no tickets, which no session is resumed with', async () => {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, minVersion: 'TLSv1.3' })
    let tickets = 0
    socket.on('session', () => {
      tickets++
    })
    // Without a certificate it is refused, with a whole answer: tickets would have come before that.
    socket.write('GET /generate-ac HTTP/1.1\r\nHost: h\r\n\r\n')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    await once(socket, 'close')
    expect({ tickets, status: answer.toString('latin1', 9, 12) }).toEqual({ tickets: 0, status: '403' })
  })

  it('hear of a suspension, every one of them', async () => {
    const db = await site.database()
    await db.query(`update vouchd.member set suspended = true where source_id = '1'`)
    const from = daemon.log.length
    const refusedBy = () =>
      new Set(
        daemon.log
          .slice(from)
          .filter(({ code }) => code === 'suspended')
          .map(({ worker }) => worker),
      )
    await until(async () => {
      await Promise.all(Array.from({ length: 8 }, () => askRest(port, [test1])))
      return refusedBy().size === 2
    })
    const last = await Promise.all(Array.from({ length: 30 }, () => askRest(port, [test1])))
    expect(last.map(({ code }) => code)).toEqual(last.map(() => 'SuspendedUser'))
    await db.query(`update vouchd.member set suspended = false where source_id = '1'`)
    await db.close()
  })

  it('are replaced when they are killed, and only their own connections fail', async () => {
    const load = startLoad(() => port)
    const [victim] = await workerPids()
    const from = daemon.log.length
    await new Promise(resolve => setTimeout(resolve, 300))
    process.kill(victim!, 'SIGKILL')
    await daemon.line('a worker ended and is replaced', from)
    await until(async () => !(await workerPids()).includes(victim!))
    await allServing()
    const { issued, refused, broken } = await load.stop()
    expect(issued).toBeGreaterThan(20)
    expect(refused).toEqual([])
    // Four connections at most were open.
    expect(broken.length).toBeLessThanOrEqual(4)
  })

  it('keep the port when all are killed at once: clients wait in its queue', async () => {
    for (const pid of await workerPids()) process.kill(pid, 'SIGKILL')
    const answers = await Promise.all(Array.from({ length: 4 }, () => askRest(port, [test0])))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    await allServing()
  })

  it('are tried again ever more slowly while they die before they serve, and recover', async () => {
    writeFileSync(poison, '')
    const from = daemon.log.length
    const [victim] = await workerPids()
    process.kill(victim!, 'SIGKILL')
    const early = () => daemon.log.slice(from).filter(({ msg }) => msg === 'a worker ended before it served')
    await until(() => early().length >= 4)
    expect((await askRest(port, [test0])).status).toBe(200)
    expect((await daemon.status()).workers.map(({ state }) => state)).toContain('serving')
    const times = early().map(({ time }) => Number(time))
    expect(times[3]! - times[2]!).toBeGreaterThan(times[1]! - times[0]!)
    rmSync(poison)
    await allServing()
  })

  it('that hang are ended and replaced', async () => {
    const from = daemon.log.length
    const [victim] = await workerPids()
    process.kill(victim!, 'SIGSTOP')
    await daemon.line('a worker hangs and is ended', from)
    await until(async () => !(await workerPids()).includes(victim!))
    await allServing()
  })

  it('finish what they have when they are asked to end, and are replaced', async () => {
    const load = startLoad(() => port)
    const [victim] = await workerPids()
    process.kill(victim!, 'SIGTERM')
    await until(async () => !(await workerPids()).includes(victim!))
    await allServing()
    expect(await load.stop()).toMatchObject({ refused: [], broken: [] })
  })

  it('are answered for: status tells of each, with the exit code of readiness', async () => {
    const { code, out } = await runCommand(site, 'status')
    expect(code).toBe(0)
    expect(out).toMatch(/^ready: vouchd /)
    expect(out).toMatch(/0 +\d+ +serving/)
    expect(out).toContain(`vo.0  127.0.0.1:${port}`)
  })
})

describe('the end', () => {
  let site: SiteFolder
  let daemon: DaemonProcess

  beforeAll(async () => {
    site = makeSiteFolder()
  })
  afterAll(async () => {
    daemon?.child.kill('SIGKILL')
    await daemon?.ended
    site?.remove()
  })

  async function everyPid(): Promise<number[]> {
    const { workers, databasePid } = await daemon.status()
    return [...workers.map(({ pid }) => pid!), databasePid!]
  }
  const allGone = (pids: readonly number[]) => until(() => !pids.some(lives))

  it('by SIGTERM comes after what is under way', async () => {
    daemon = await startDaemonProcess(site)
    const pids = await everyPid()
    const port = await daemon.port()
    const load = startLoad(() => port)
    await new Promise(resolve => setTimeout(resolve, 500))
    daemon.child.kill('SIGTERM')
    await daemon.line('stopping: no new connections, what is under way is finished')
    const { issued, refused, broken } = await load.stop()
    expect(issued).toBeGreaterThan(0)
    expect(refused).toEqual([])
    // Those that nobody had accepted yet when the port was closed; of the others none was cut.
    expect(broken.filter(how => how !== 'ECONNREFUSED' && how !== 'ECONNRESET')).toEqual([])
    expect(await daemon.ended).toEqual({ code: 0, err: '' })
    await allGone(pids)
  })

  it('by a second signal comes at once', async () => {
    daemon = await startDaemonProcess(site)
    const pids = await everyPid()
    // A client that never finishes its handshake.
    const stalled = connect(await daemon.port(), '127.0.0.1')
    stalled.on('error', () => {})
    await new Promise(resolve => stalled.once('connect', resolve))
    daemon.child.kill('SIGTERM')
    await daemon.line('stopping: no new connections, what is under way is finished')
    daemon.child.kill('SIGINT')
    expect((await daemon.ended).code).toBe(143)
    await daemon.line('stopped at once, with work under way').catch(() => {})
    await allGone(pids)
    stalled.destroy()
  })

  it('of a supervisor that is killed is the end of every process, and of none of the next one’s ports', async () => {
    daemon = await startDaemonProcess(site)
    const pids = await everyPid()
    daemon.child.kill('SIGKILL')
    await daemon.ended
    await allGone(pids)
    expect((await runCommand(site, 'status')).code).toBe(6)
    daemon = runDaemon(site)
    await daemon.line('ready')
    expect((await askRest(await daemon.port(), [test0])).status).toBe(200)
  })
})
