import { rmSync, writeFileSync } from 'node:fs'
import { connect as connectPlain, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { watchMemory } from '../../../bench/load/watchMemory.ts'
import { userNamed } from '../../e2e/daemon.ts'
import { privateKeyPem } from '../../pki/keys.ts'
import {
  type DaemonProcess,
  MAIN,
  makeSiteFolder,
  PATIENT,
  startDaemonProcess,
  until,
  WORKERS,
} from '../../supervise/daemonProcess.ts'
import { type LoadResult, startLoad, warmUp } from '../../supervise/load.ts'
import { type FaultRun, type Verdict, verdict } from '../faultRun.ts'
import { OBSERVED, openScraper, total } from '../scraper.ts'

const MEGABYTE = 1024 * 1024
/** Of each process, whatever is sent. */
const CEILING_BYTES = 512 * MEGABYTE
const CONNECTIONS = 4
const STALLED = 1000
const GREEDY = 100
const SOURCES = 200
/** Of honest requests, under connections without end. */
const SERVED = 0.97
const BACK_MS = 5_000
/** Half of a first record; what a request may not be; what is no TLS. */
const HALF_RECORD = Buffer.from('16030100c8010000c40303', 'hex')
const ENDLESS = [
  `GET /generate-ac HTTP/1.1\r\nHost: voms.example.org\r\nX: ${'x'.repeat(MEGABYTE)}`,
  `GET /generate-ac?fqans=${'/vo.0,'.repeat(MEGABYTE / 6)}`,
  `<?xml version="1.0"?><voms>${'<command>G/vo.0</command>'.repeat(MEGABYTE / 25)}`,
]
const LARGE_FILES = ['0badcafe.r0', '0badcafe.0', '0badcafe.signing_policy']
const LARGE_BYTES = 50 * MEGABYTE

/** G16: whatever is sent, no process grows beyond its ceiling; one that leaks ends alone. */
export const memory: FaultRun = {
  name: 'memory',
  about:
    `${STALLED} connections that stand still, requests without end and trust files of 50 MB: no process takes more ` +
    'than 512 MB; then a worker leaks until its heap is full: it ends alone and is replaced',
  unit: 'rounds',
  long: 10,
  short: 1,
  async run(count, tell) {
    const judged = verdict()
    const { wrong, late, unless, inTime } = judged
    const site = makeSiteFolder(undefined, { tables: { ...OBSERVED, ...PATIENT } })
    site.configure(WORKERS)
    writeFileSync(site.path('preload.mjs'), leakText(site.folder))
    // The heap of a process that aborts is no file of this machine.
    const command = ['prlimit', '--core=0', process.execPath, MAIN]
    const env = { NODE_OPTIONS: `--import=${site.path('preload.mjs')}` }
    const daemon = await startDaemonProcess(site, { command, env })
    try {
      const port = await daemon.port()
      const scrape = await openScraper(daemon)
      await warmUp(port)
      const peak = { flood: 0, bystander: 0 }
      const back: number[] = []
      let issued = 0
      for (let round = 0; round < count; round++) {
        tell(`round ${round}, floods`)
        const stopWatching = watchMemory(await pidsOf(daemon))
        const load = startLoad(() => port, { connections: CONNECTIONS, pauseMs: 10 })
        await flood(port, site.path('certificates'))
        const honest = await load.stop()
        peak.flood = Math.max(peak.flood, stopWatching())
        issued += honest.issued
        share(honest, judged)

        tell(`round ${round}, a leak`)
        const leak = await leakOnce(daemon, port, site.path(`leak-${round % 2}`), round % 2)
        peak.bystander = Math.max(peak.bystander, leak.bystanderBytes)
        issued += leak.honest.issued
        back.push(leak.backMs)
        unless(leak.how === 'SIGABRT', `the worker that leaked ended by ${leak.how}`)
        unless(leak.honest.refused.length === 0, `a leak: ${leak.honest.refused[0]}`)
        unless(leak.honest.mismatched === 0, `a leak: ${leak.honest.mismatched} ACs with a wrong signature`)
        unless(
          leak.honest.broken.length <= CONNECTIONS,
          `a leak: ${leak.honest.broken.length} connections broke`,
        )
      }
      const { workers } = await daemon.status()
      const restarts = workers.reduce((sum, each) => sum + each.restarts, 0)
      const aborted = total(await scrape(), 'vouchd_worker_restarts_total', { reason: 'abort' })
      unless(restarts === count, `${restarts} workers ended, ${count} leaked`)
      unless(aborted === count, `${aborted} were counted as aborted, ${count} leaked`)
      unless(peak.flood <= CEILING_BYTES, `under floods a process took ${megabytes(peak.flood)}`)
      unless(peak.bystander <= CEILING_BYTES, `beside a leak a process took ${megabytes(peak.bystander)}`)
      inTime(Math.max(...back), BACK_MS, 'served again after a leak')
      return {
        figures: {
          issued,
          'workers that leaked, ended and were replaced': restarts,
          'most resident under floods': megabytes(peak.flood),
          'most resident beside a leak': megabytes(peak.bystander),
          'serving again after ms, longest': Math.round(Math.max(...back)),
        },
        wrong,
        late,
      }
    } finally {
      await daemon.stop()
      site.remove()
    }
  },
}

const megabytes = (bytes: number) => `${Math.round(bytes / MEGABYTE)} MB`
const member = userNamed('test0')

function share({ issued, refused, broken, mismatched }: LoadResult, { unless }: Verdict): void {
  const served = issued / (issued + refused.length + broken.length)
  unless(served >= SERVED, `under floods ${served} were served: ${refused[0] ?? broken[0]}`)
  unless(mismatched === 0, `under floods ${mismatched} ACs with a wrong signature`)
}

async function pidsOf(daemon: DaemonProcess): Promise<number[]> {
  return [daemon.child.pid!, ...(await daemon.status()).workers.map(({ pid }) => pid!)]
}

/** Connections that stand still, requests that do not end and trust files that are too large, all at once. */
async function flood(port: number, certificates: string): Promise<void> {
  for (const name of LARGE_FILES) writeFileSync(`${certificates}/${name}`, Buffer.alloc(LARGE_BYTES, 'MIIB'))
  const sockets: Socket[] = []
  const open = (localAddress: string) => {
    const socket = connectPlain({ host: '127.0.0.1', port, localAddress }).on('error', () => {})
    sockets.push(socket)
    return socket
  }
  for (let index = 0; index < STALLED; index++) {
    const socket = open(`127.2.${index % SOURCES}.1`)
    socket.once('connect', () => socket.write(HALF_RECORD))
    if (index % 100 === 99) await sleep(20)
  }
  for (let index = 0; index < GREEDY; index++) {
    const identity = { cert: member.pem, key: privateKeyPem(member.key), rejectUnauthorized: false }
    const socket = connect({ socket: open(`127.3.${index % SOURCES}.1`), ...identity })
    socket.on('error', () => {}).once('secureConnect', () => socket.write(ENDLESS[index % ENDLESS.length]!))
    if (index % 10 === 9) await sleep(20)
  }
  // Changes of the trust directory are taken after two seconds.
  await sleep(4_000)
  for (const socket of sockets) socket.destroy()
  for (const name of LARGE_FILES) rmSync(`${certificates}/${name}`)
}

/** One worker fills its heap while clients ask. */
async function leakOnce(daemon: DaemonProcess, port: number, order: string, number: number) {
  const leaking = (await daemon.status()).workers[number]!.pid!
  const others = (await pidsOf(daemon)).filter(pid => pid !== leaking)
  const from = daemon.log.length
  const stopWatching = watchMemory(others)
  const load = startLoad(() => port, { connections: CONNECTIONS, pauseMs: 10 })
  writeFileSync(order, '')
  const { how } = await daemon.line('a worker ended and is replaced', from)
  const ended = performance.now()
  await until(async () => (await daemon.status()).workers.every(({ state }) => state === 'serving'))
  const backMs = performance.now() - ended
  return { how, backMs, honest: await load.stop(), bystanderBytes: stopWatching() }
}

/** The worker whose order lies there keeps four megabytes more every ten milliseconds. */
const leakText = (folder: string) => `
import { rmSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
if (isMainThread && process.argv[1]?.includes('workerProcess')) {
  const look = setInterval(() => {
    try {
      rmSync(${JSON.stringify(folder)} + '/leak-' + process.argv[2])
    } catch {
      return
    }
    clearInterval(look)
    const kept = []
    setInterval(() => kept.push(new Array(500_000).fill(kept.length + 0.5)), 10)
  }, 20)
  look.unref()
}
`
