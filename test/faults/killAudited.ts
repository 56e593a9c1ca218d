import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, createSecureContext, type SecureContext } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { createBenchWorld, REQUESTS } from '../../bench/load/benchWorld.ts'
import { decodeAc } from '../../native-free/ac/decodeAc.ts'
import { toHex } from '../../native-free/bytes/hex.ts'
import { publicKeyPath, readPublicKeys } from '../../src/audit/headKey.ts'
import { searchAudit } from '../../src/audit/searchAudit.ts'
import { verifyAudit } from '../../src/audit/verifyAudit.ts'
import { systemClock } from '../../src/clock.ts'
import { hasEnded, reachable, waitUntil } from '../interop/childProcess.ts'
import { freePort } from '../interop/freePort.ts'
import { bareSerial } from './bareSerial.ts'
import { randomFrom } from './mutateAudit.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Each eighth client opens a connection for every request, as most do; the others make the daemon busy. */
const FRESH_LANE = 8
const KEPT = 200

export interface KillOptions {
  readonly kills: number
  readonly seed: number
  /** Clients that ask without a pause. */
  readonly lanes: number
  /** TOML that goes before [[vo]]. */
  readonly config?: string
  readonly tell?: (progress: string) => void
}

export interface KillResult {
  readonly kills: number
  /** Which processes were killed: the daemon itself, or one that it started. */
  readonly killed: Readonly<Record<'main' | 'child', number>>
  /** ACs that clients hold. */
  readonly received: number
  /** Between a kill and the next, once it serves again. */
  readonly perSecond: number
  readonly recorded: number
  /** ACs that a client holds and no record tells of, or a record tells otherwise. */
  readonly missing: readonly string[]
  readonly duplicates: readonly string[]
  /** Writes that a kill cut short, and that the next start wrote down. */
  readonly tornTails: number
  /** What verification finds at the end. */
  readonly faults: readonly string[]
}

/**
 * G1: kills random processes of a daemon under full load, again and again, and compares the ACs that its clients hold
 * with its records.
 */
export async function killAudited(options: KillOptions): Promise<KillResult> {
  const world = await createBenchWorld(systemClock.now())
  const random = randomFrom(options.seed)
  const clients = new Clients(world.client('eec'))
  let daemon: ChildProcess | undefined
  try {
    const port = await freePort()
    const config = world.configure('rsa', port, options.config, 'keepAliveSeconds = 60')
    daemon = await startDaemon(config)
    clients.start(port, options.lanes)
    const killed = { main: 0, child: 0 }
    let busy = 0
    let busyReceived = 0
    for (let kill = 0; kill < options.kills; kill++) {
      options.tell?.(`${kill} kills, ${clients.received.size} ACs`)
      const [began, had] = [performance.now(), clients.received.size]
      await sleep(300 + random(900))
      busy += performance.now() - began
      busyReceived += clients.received.size - had
      const tree = [daemon.pid!, ...descendantsOf(daemon.pid!)]
      const victim = tree[random(tree.length)]!
      killed[victim === daemon.pid ? 'main' : 'child']++
      endIfThere(victim)
      if (victim !== daemon.pid && !(await endsWithin(daemon, 500))) {
        // One that was still starting ends when its database does; systemd would start it again.
        if (await servesStill(daemon, port)) continue
      }
      await endsWithin(daemon, 10_000)
      // What outlives its parent ends by itself; this only hurries it.
      for (const left of tree) endIfThere(left)
      daemon = await startDaemon(config)
    }
    await clients.stop()
    // It signs the heads at its end, which may take a while where other things run.
    daemon.kill('SIGTERM')
    if (!(await endsWithin(daemon, 60_000))) throw new Error('the daemon does not end')
    if (daemon.exitCode !== 0)
      throw new Error(`the daemon ended with ${daemon.exitCode ?? daemon.signalCode}`)
    return {
      ...(await compareAudit(join(world.folder, 'audit'), clients.received)),
      killed,
      kills: options.kills,
      perSecond: Math.round((busyReceived / busy) * 1000),
    }
  } finally {
    // Still there when something failed; its processes end with it.
    daemon?.kill('SIGKILL')
    await clients.stop().finally(() => world.remove())
  }
}

/** Ready by its own word: workers of the one before may have the port for a moment longer. */
async function startDaemon(config: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [MAIN, '--config', config, 'serve', '--wait-for-ports', '60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let isReady = false
  createInterface({ input: child.stdout! }).on('line', line => {
    isReady ||= line.includes('"msg":"ready"')
  })
  try {
    const ready = async () => {
      if (!isReady) throw new Error('it is not ready')
    }
    await waitUntil(ready, child, 'vouchd')
  } catch (cause) {
    child.kill('SIGKILL')
    throw cause
  }
  return child
}

async function servesStill(daemon: ChildProcess, port: number): Promise<boolean> {
  try {
    await waitUntil(() => reachable(port), daemon, 'vouchd')
    return true
  } catch (cause) {
    if (!hasEnded(daemon)) throw cause
    return false
  }
}

async function endsWithin(child: ChildProcess, milliseconds: number): Promise<boolean> {
  for (let waited = 0; waited < milliseconds; waited += 20) {
    if (hasEnded(child)) return true
    await sleep(20)
  }
  return false
}

function endIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone.
  }
}

function descendantsOf(pid: number): number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`)
      .flatMap(thread => readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').trim().split(' '))
      .filter(child => child !== '')
      .map(Number)
    return children.flatMap(child => [child, ...descendantsOf(child)])
  } catch {
    return []
  }
}

/** Clients that ask without a pause and keep what they get; a failed request is the kill's doing and asked again. */
class Clients {
  /** By serial: the SHA-256 of the octets that were signed. */
  readonly received = new Map<string, string>()
  private readonly secureContext: SecureContext
  private running: Promise<void>[] = []
  private stopped = false

  constructor(credential: { readonly certificate: string; readonly key: string }) {
    this.secureContext = createSecureContext({
      cert: readFileSync(credential.certificate),
      key: readFileSync(credential.key),
    })
  }

  start(port: number, lanes: number): void {
    this.running = Array.from({ length: lanes }, (_, lane) =>
      this.lane(port, lane % FRESH_LANE === 0 ? 1 : KEPT),
    )
  }

  async stop(): Promise<void> {
    this.stopped = true
    await Promise.all(this.running)
  }

  /** @param requests of each connection */
  private async lane(port: number, requests: number): Promise<void> {
    while (!this.stopped) if (!(await this.askOver(port, requests))) await sleep(20)
  }

  /** Asks one request after another over one connection; whether an AC came. */
  private askOver(port: number, requests: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let text = ''
      let answered = 0
      const socket = connect({
        port,
        host: '127.0.0.1',
        secureContext: this.secureContext,
        rejectUnauthorized: false,
        timeout: 10_000,
      })
      socket.once('secureConnect', () => socket.write(REQUESTS.rest))
      socket.on('data', chunk => {
        text += chunk.toString('latin1')
        const ac = /<ac>([^<]+)<\/ac><\/voms>/.exec(text)?.[1]
        if (ac === undefined) return
        text = ''
        try {
          this.keep(ac)
        } catch (cause) {
          reject(cause as Error)
        }
        if (++answered < requests && !this.stopped) socket.write(REQUESTS.rest)
        else socket.destroy()
      })
      // An answer without an AC: its connection is of no more use.
      socket.on('end', () => socket.destroy())
      socket.on('error', () => {})
      socket.on('timeout', () => socket.destroy())
      socket.once('close', () => resolve(answered > 0))
    })
  }

  private keep(ac: string): void {
    const { serial, acinfo } = decodeAc(Uint8Array.from(Buffer.from(ac, 'base64')))
    const name = bareSerial(toHex(serial))
    if (this.received.has(name)) throw new Error(`two ACs with the serial ${name}`)
    this.received.set(name, createHash('sha256').update(acinfo).digest('hex'))
  }
}

/** What the audit of a folder says of the ACs that clients hold, by serial with the digest of what was signed. */
export async function compareAudit(
  folder: string,
  received: ReadonlyMap<string, string>,
): Promise<Pick<KillResult, 'received' | 'recorded' | 'missing' | 'duplicates' | 'tornTails' | 'faults'>> {
  const recorded = new Map<string, string>()
  const duplicates: string[] = []
  for await (const { serial, tbs } of searchAudit(folder, {}, () => {})) {
    if (recorded.has(bareSerial(serial))) duplicates.push(serial)
    recorded.set(bareSerial(serial), tbs)
  }
  const missing = [...received].filter(([serial, tbs]) => recorded.get(serial) !== tbs)
  const { faults } = await verifyAudit(
    { folder, keys: readPublicKeys([publicKeyPath(join(folder, 'heads.key'))]) },
    { now: () => systemClock.now() + 3600 },
  )
  return {
    received: received.size,
    recorded: recorded.size,
    missing: missing.map(([serial]) => serial),
    duplicates,
    tornTails: countTails(folder),
    faults: faults.map(({ file, offset, what }) => `${file}, octet ${offset}: ${what}`),
  }
}

function countTails(folder: string): number {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.seg'),
  )
  return names.filter(name => /"tail":/.test(readFileSync(join(folder, name), 'utf8').split('\n', 1)[0]!))
    .length
}
