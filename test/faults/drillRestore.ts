import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeAc } from '../../native-free/ac/decodeAc.ts'
import { toHex } from '../../native-free/bytes/hex.ts'
import { openStore } from '../../src/store/openStore.ts'
import type { PostgresConfig } from '../../src/store/postgres.ts'
import { askRest, userNamed } from '../e2e/daemon.ts'
import { findPostgres, type PostgresCluster } from '../store/postgresCluster.ts'
import {
  type DaemonProcess,
  makeSiteFolder,
  runCommand,
  runDaemon,
  type SiteFolder,
  startDaemonProcess,
} from '../supervise/daemonProcess.ts'

/** What came of a drill. */
export interface DrillResult {
  /** ACs that clients got: until the copies were begun, while they were made, and from the restored daemon. */
  readonly issued: { readonly before: number; readonly meanwhile: number; readonly after: number }
  /** Serials that two ACs have. */
  readonly duplicates: readonly string[]
  /** ACs from before the copies, or of the restored daemon, that its record does not tell of. */
  readonly missing: readonly string[]
  /** What `vouchd audit verify` says of the copy, and after issuing went on. */
  readonly whole: readonly boolean[]
  /** Whether members, suspensions and holdings are the same. */
  readonly sameMembers: boolean
  /** From the empty machine to its first AC. */
  readonly seconds: number
}

/** Copied as files, beside the members. */
const FILES = ['vouchd.toml', 'host.pem', 'host.key', 'certificates', 'audit']

/**
 * G21, as docs/operations.md has it: copies members, record and configuration of a daemon while clients ask it, loses
 * the machine, and has an empty one go on from the copies alone. With a `cluster`, members live in that server.
 */
export async function drillRestore(cluster?: PostgresCluster): Promise<DrillResult> {
  const copies = mkdtempSync(join(tmpdir(), 'vouchd-copies-'))
  const members = join(copies, 'members')
  const server = cluster?.createDatabase()
  const lost = siteOver(server)
  let fresh: SiteFolder | undefined
  let daemon: DaemonProcess | undefined
  try {
    if (server !== undefined) await run(lost, 'migrate')
    daemon = await startDaemonProcess(lost)
    const before = await issue(daemon, 20)
    const known = await run(lost, 'member', 'list', '--json')
    const underWay = issue(daemon, 40)
    if (server === undefined) await run(lost, 'backup', members)
    else runServer(server, 'pg_dump', '--format=custom', '--file', members)
    for (const name of FILES) copy(lost.folder, copies, name)
    const meanwhile = await underWay
    daemon.child.kill('SIGKILL')
    await daemon.ended
    lost.remove()

    const began = performance.now()
    fresh = siteOver(undefined)
    for (const name of FILES) {
      rmSync(fresh.path(name), { recursive: true, force: true })
      copy(copies, fresh.folder, name)
    }
    if (server === undefined) {
      // A new machine has no database yet, not even a blank one.
      rmSync(fresh.path('database'), { recursive: true, force: true })
      await run(fresh, 'restore', members)
    } else {
      const other = cluster!.createDatabase()
      runServer(other, 'pg_restore', '--exit-on-error', members)
      replaceInConfig(fresh, `"${server.database}"`, `"${other.database}"`)
    }
    const whole = [await verifies(fresh)]
    daemon = runDaemon(fresh)
    await daemon.line('ready')
    const first = await issue(daemon, 1)
    const seconds = Math.round((performance.now() - began) / 100) / 10
    const after = [...first, ...(await issue(daemon, 19))]
    const sameMembers = (await run(fresh, 'member', 'list', '--json')) === known
    await daemon.stop()
    whole.push(await verifies(fresh))
    const recorded = await recordedSerials(fresh)
    const all = [...before, ...meanwhile, ...after]
    return {
      issued: { before: before.length, meanwhile: meanwhile.length, after: after.length },
      duplicates: all.filter((serial, index) => all.indexOf(serial) !== index),
      missing: [...before, ...after].filter(serial => !recorded.has(serial)),
      whole,
      sameMembers,
      seconds,
    }
  } finally {
    await daemon?.stop()
    lost.remove()
    fresh?.remove()
    rmSync(copies, { recursive: true })
  }
}

/** Members live in that database, or in an embedded one. */
export function siteOver(server: PostgresConfig | undefined): SiteFolder {
  const site = makeSiteFolder()
  if (server === undefined) return site
  const { host, port, database, user } = server
  replaceInConfig(
    site,
    'folder = "database"',
    `kind = "postgres"\nhost = "${host}"\nport = ${port}\ndatabase = "${database}"\nuser = "${user}"\ntls = "off"`,
  )
  return { ...site, database: () => openStore(server, { mode: 'owner' }) }
}

function replaceInConfig(site: SiteFolder, from: string, to: string): void {
  writeFileSync(site.config, readFileSync(site.config, 'utf8').replace(from, to))
}

function copy(from: string, to: string, name: string): void {
  cpSync(join(from, name), join(to, name), {
    recursive: true,
    verbatimSymlinks: true,
    preserveTimestamps: true,
  })
}

/** Has to succeed; gives its output. */
async function run(site: SiteFolder, ...args: string[]): Promise<string> {
  const { code, out, err } = await runCommand(site, ...args)
  if (code !== 0) throw new Error(`vouchd ${args.join(' ')} exits with ${code}: ${err}${out}`)
  return out
}

function runServer({ host, port, database, user }: PostgresConfig, program: string, ...args: string[]): void {
  const found = findPostgres()
  if ('skip' in found) throw new Error(found.skip)
  const where = ['--host', host, '--port', `${port}`, '--username', user, '--dbname', database]
  const { status, stderr } = spawnSync(join(found.bin, program), [...where, ...args], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} exits with ${status}: ${stderr}`)
}

const user = userNamed('test0')
const RETRY_MS = 200

/** So many ACs, by four clients; their serials. */
async function issue(daemon: DaemonProcess, count: number): Promise<readonly string[]> {
  const port = await daemon.port()
  let left = count
  const serials: string[] = []
  async function ask(): Promise<void> {
    while (left-- > 0) {
      const { ac, status, message } = await askRest(port, [user])
      if (status === 503) {
        // The database is busy, on a machine that is; nobody is cached yet.
        left++
        await sleep(RETRY_MS)
        continue
      }
      if (ac === undefined) throw new Error(`no AC: ${status} ${message}`)
      serials.push(bare(toHex(decodeAc(ac).serial)))
    }
  }
  await Promise.all(Array.from({ length: 4 }, ask))
  return serials
}

async function verifies(site: SiteFolder): Promise<boolean> {
  const { out } = await runCommand(site, 'audit', 'verify', '--json')
  return (JSON.parse(out) as { ok: boolean }).ok
}

async function recordedSerials(site: SiteFolder): Promise<ReadonlySet<string>> {
  const lines = (await run(site, 'audit', 'search', '--json')).trim().split('\n')
  return new Set(lines.map(line => bare((JSON.parse(line) as { serial: string }).serial)))
}

/** An INTEGER has no leading zeros but before a first bit that is set; a record has all octets. */
function bare(serial: string): string {
  return serial.replace(/^0+/, '')
}
