import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { StoreConfig } from '../../src/config/types.ts'
import type { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openStore } from '../../src/store/openStore.ts'
import { askControl } from '../../src/supervise/askControl.ts'
import type { ReloadOutcome, SupervisorStatus } from '../../src/supervise/supervisor.ts'
import { ca, host } from '../e2e/daemon.ts'
import { writeCertificateFile, writeKeyFile } from '../pki/credentialFiles.ts'
import type { Credential } from '../pki/issueCertificate.ts'
import { signingPolicyText } from '../pki/policyText.ts'
import { writeTrustDirectory } from '../pki/trustDirectory.ts'
import { placeBlankDatabase } from '../store/blankDatabase.ts'
import { fillSampleVo } from '../store/sampleVo.ts'

/** What `node` runs as vouchd. */
export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** A set-up for `vouchd serve` in a folder of its own: vo.0 over an embedded database. */
export interface SiteFolder {
  readonly folder: string
  readonly config: string
  path(name: string): string
  /** Writes the configuration: tables before [[vo]], and the VOs by name and address. */
  configure(more?: string, vos?: readonly (readonly [name: string, listen: string])[]): void
  /** Puts another host credential in place as a renewal does: one file after the other, each by rename. */
  writeHost(credential: Credential): void
  /** The running daemon's database, as a command beside it has it. */
  database(): Promise<Database>
  remove(): void
}

/** What a site has otherwise than most. */
export interface SiteOptions {
  /** Tables of the configuration, TOML, in place of those of COMMON with the same name. */
  readonly tables?: Readonly<Record<string, string>>
  /** Keys of every VO, TOML. */
  readonly vo?: string
  /** The database as a command beside the daemon opens it, where it is not the embedded one. */
  readonly database?: StoreConfig
}

export function makeSiteFolder(
  vos: readonly (readonly [string, string])[] = VOS,
  options: SiteOptions = {},
): SiteFolder {
  const folder = mkdtempSync(join(tmpdir(), 'vouchd-supervise-'))
  const path = (name: string) => join(folder, name)
  writeTrustDirectory(path('certificates'), [
    { ca, signingPolicy: signingPolicyText('/C=IT/O=Test/CN=CA', ['/C=IT/O=Test/*']) },
  ])
  const site: SiteFolder = {
    folder,
    config: path('vouchd.toml'),
    path,
    configure(more = WORKERS, names = vos) {
      const tables = names.map(
        ([name, listen]) =>
          `[[vo]]\nname = "${name}"\nlisten = ["${listen}"]\nuri = "voms.example.org:15000"\n${options.vo ?? ''}`,
      )
      const common = Object.entries({ ...COMMON, ...options.tables }).map(
        ([table, keys]) => `[${table}]\n${keys}\n`,
      )
      writeFileSync(site.config, `${more}${common.join('')}${tables.join('')}`)
    },
    writeHost(credential) {
      writeCertificateFile(path('new.pem'), credential)
      writeKeyFile(path('new.key'), credential)
      renameSync(path('new.key'), path('host.key'))
      renameSync(path('new.pem'), path('host.pem'))
    },
    database: () =>
      openStore(options.database ?? { kind: 'embedded', folder: path('database') }, { mode: 'owner' }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
  if (options.database === undefined) placeBlankDatabase(path('database'))
  site.writeHost(host)
  site.configure()
  return site
}

const VOS = [['vo.0', '127.0.0.1:0']] as const
/** Two processes that serve, whatever the machine has. */
export const WORKERS = '[processes]\nworkers = 2\ncontrolSocket = "control.sock"\n'
/** For clients who are to be patient: on a machine that has other things to do nobody is cut off for being slow. */
export const PATIENT = {
  limits: 'handshakeSeconds = 120\nrequestSeconds = 120\nconnectionSeconds = 300',
} as const
const COMMON: Readonly<Record<string, string>> = {
  store: 'folder = "database"',
  trust: 'directory = "certificates"\nvomsdir = "vomsdir"',
  audit: 'folder = "audit"',
  observe: 'listen = []',
  defaults: 'hostCredentials = [ { certificate = "host.pem", key = "host.key" } ]',
}

/** `vouchd serve` as a process of its own. */
export interface DaemonProcess {
  readonly child: ChildProcess
  /** The log, parsed, as it grows. */
  readonly log: readonly LogLine[]
  readonly ended: Promise<{ readonly code: number | null; readonly err: string }>
  /** The first line with this message from the so-manieth line of the log on. */
  line(message: string, from?: number): Promise<LogLine>
  status(): Promise<SupervisorStatus>
  /** As the control socket has it. */
  reload(): Promise<ReloadOutcome>
  /** The first port of a VO. */
  port(vo?: string): Promise<number>
  stop(): Promise<void>
}

export type LogLine = Readonly<Record<string, unknown>>

/** Runs it with this site; `launch` for what stands between, such as a parent that holds its sockets. */
export function runDaemon(site: SiteFolder, launch: Launch = {}): DaemonProcess {
  const { command = [process.execPath, MAIN], stdio = [], env = {} } = launch
  const [program, ...args] = [...command, '--config', site.config, 'serve']
  const child = spawn(program!, args, {
    stdio: ['ignore', 'pipe', 'pipe', ...stdio],
    env: { ...process.env, ...env },
  })
  const log: LogLine[] = []
  const looking = new Set<() => void>()
  let err = ''
  child.stderr!.on('data', chunk => {
    err += chunk
  })
  createInterface({ input: child.stdout! }).on('line', text => {
    log.push(JSON.parse(text) as LogLine)
    for (const look of looking) look()
  })
  const ended = new Promise<{ code: number | null; err: string }>(resolve =>
    child.on('close', code => resolve({ code, err })),
  )
  const ask = (op: string) => askControl(site.path('control.sock'), op)
  const daemon: DaemonProcess = {
    child,
    log,
    ended,
    line: (message, from = 0) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = log.slice(from).find(({ msg }) => msg === message)
          if (found === undefined) return
          looking.delete(look)
          resolve(found)
        }
        looking.add(look)
        look()
        void ended.then(end => reject(new Error(`ended with ${end.code}: ${end.err}`)))
      }),
    status: async () => (await insistently(() => ask('status'))) as SupervisorStatus,
    reload: async () => (await ask('reload')) as ReloadOutcome,
    async port(vo = 'vo.0') {
      const { vos } = await daemon.status()
      return vos.find(each => each.vo === vo)!.addresses[0]!.port
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await ended
    },
  }
  return daemon
}

/** The control socket lets go of who is slow, which on a machine that has other things to do anybody is. */
async function insistently<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask()
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ECONNRESET' || attempt === 20) throw cause
      await sleep(50)
    }
  }
}

interface Launch {
  readonly command?: readonly string[]
  readonly stdio?: readonly ('pipe' | 'inherit' | number)[]
  readonly env?: Readonly<Record<string, string>>
}

/** Runs it until it is ready, with the members of the sample VO. */
export async function startDaemonProcess(site: SiteFolder, launch?: Launch): Promise<DaemonProcess> {
  const daemon = runDaemon(site, launch)
  await daemon.line('ready')
  const db = await site.database()
  await migrate(db)
  const [filled] = await db.query(`select 1 from vouchd.vo where name = 'vo.0'`)
  if (filled === undefined) await fillSampleVo(db)
  await db.close()
  return daemon
}

/** Runs another command of the same site. */
export async function runCommand(
  site: SiteFolder,
  ...args: string[]
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [MAIN, '--config', site.config, ...args])
  let out = ''
  let err = ''
  child.stdout.on('data', chunk => {
    out += chunk
  })
  child.stderr.on('data', chunk => {
    err += chunk
  })
  const code = await new Promise<number | null>(resolve => child.on('close', resolve))
  return { code, out, err }
}

/** Waits until something holds, as long as a test may take; its end fails the test. */
export async function until<T>(look: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (;;) {
    const found = await look()
    if (found) return found
    await sleep(50)
  }
}

/** Whether a process lives. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
