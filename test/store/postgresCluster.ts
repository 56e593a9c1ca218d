import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PostgresConfig } from '../../src/store/postgres.ts'

/** A throw-away PostgreSQL server on a Unix socket and a free loopback port. */
export interface PostgresCluster {
  readonly version: string
  /** Configuration of an empty database of its own, made for this call. */
  createDatabase(overrides?: Partial<PostgresConfig>): PostgresConfig
  /** Runs SQL as superuser, outside the code under test. */
  psql(database: string, sql: string): string
  stop(): void
  start(): void
  /** Its data folder and the user it runs as, for files that it is to read. */
  readonly data: string
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
  /** Of its first process, whose children the others are. */
  pid(): number
  /** Sends a signal to the postmaster and every backend: SIGSTOP makes a server that hangs. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  /** Stops it and removes its folder. */
  dispose(): void
}

/** Folder of the newest PostgreSQL programs on this machine, or why the tests that need them are skipped. */
export function findPostgres(): { bin: string } | { skip: string } {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  const bin = versions
    .map(version => join(root, version, 'bin'))
    .find(path => existsSync(join(path, 'initdb')))
  if (bin === undefined) return { skip: 'no PostgreSQL server programs: apt-get install postgresql' }
  if (process.getuid?.() === 0 && unprivileged() === undefined) return { skip: 'root, and no user nobody' }
  return { bin }
}

/** PostgreSQL refuses to run as root: the user `nobody` then. */
function unprivileged(): { uid: number; gid: number } | undefined {
  const [uid, gid] = ['-u', '-g'].map(flag =>
    Number(spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' }).stdout),
  )
  return uid && gid ? { uid, gid } : undefined
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

export async function startPostgres(settings: Record<string, string> = {}): Promise<PostgresCluster> {
  const found = findPostgres()
  if ('skip' in found) throw new Error(found.skip)
  const { bin } = found
  const folder = mkdtempSync(join(tmpdir(), 'vouchd-pg-'))
  const data = join(folder, 'data')
  const as = process.getuid?.() === 0 ? unprivileged() : undefined
  if (as) chownSync(folder, as.uid, as.gid)
  chmodSync(folder, 0o755)
  const port = await freePort()

  function run(program: string, args: string[], input?: string): string {
    const done = spawnSync(join(bin, program), args, {
      ...as,
      input,
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', TZ: 'UTC' },
    })
    if (done.status !== 0) throw new Error(`${program} failed: ${done.error ?? done.stderr}`)
    return done.stdout.trim()
  }
  const psql = (database: string, sql: string) =>
    run(
      'psql',
      ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-h', folder, '-p', `${port}`, '-U', 'super', '-d', database],
      sql,
    )
  const start = () => run('pg_ctl', ['-D', data, '-w', '-t', '60', '-l', join(folder, 'log'), 'start'])
  const stop = () => run('pg_ctl', ['-D', data, '-w', '-m', 'immediate', 'stop'])
  const postmasterPid = () => run('pg_ctl', ['-D', data, 'status']).match(/PID: (\d+)/)?.[1] ?? ''
  const pids = () => {
    const postmaster = postmasterPid()
    const children = spawnSync('ps', ['-o', 'pid=', '--ppid', postmaster], { encoding: 'utf8' }).stdout
    return [postmaster, ...children.split(/\s+/)].filter(Boolean).map(Number)
  }

  run('initdb', ['-D', data, '-U', 'super', '-A', 'trust', '--no-sync', '-E', 'UTF8'])
  const lines = {
    listen_addresses: "'127.0.0.1'",
    port: `${port}`,
    unix_socket_directories: `'${folder}'`,
    fsync: 'off',
    shared_buffers: '16MB',
    ...settings,
  }
  writeFileSync(
    join(data, 'postgresql.auto.conf'),
    Object.entries(lines)
      .map(([key, value]) => `${key} = ${value}\n`)
      .join(''),
  )
  start()
  let databases = 0
  let stopped: number[] = []
  return {
    version: psql('postgres', 'show server_version'),
    data,
    owner: as,
    createDatabase(overrides = {}) {
      const database = `t${++databases}`
      psql('postgres', `create database ${database}`)
      return {
        kind: 'postgres',
        host: folder,
        port,
        database,
        user: 'super',
        passwordFile: undefined,
        owner: undefined,
        tls: 'off',
        caFile: undefined,
        poolSize: 4,
        connectTimeoutSeconds: 1,
        queryTimeoutSeconds: 1,
        ...overrides,
      }
    },
    psql,
    stop,
    start,
    pid: () => Number(postmasterPid()),
    signal(signal) {
      if (signal === 'SIGSTOP') stopped = pids()
      for (const pid of stopped) process.kill(pid, signal)
    },
    dispose() {
      try {
        stop()
      } catch {
        // Already stopped by the test.
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
