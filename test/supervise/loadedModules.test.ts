import { mkdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeSiteFolder, runDaemon } from './daemonProcess.ts'

// Loading modules is most of a daemon's start, and a good part of its memory: each process has what it runs, no more.

/** pino, and what it needs. */
const LOG = [
  '@pinojs/redact',
  'atomic-sleep',
  'on-exit-leak-free',
  'pino',
  'pino-std-serializers',
  'quick-format-unescaped',
  'safe-stable-stringify',
  'sonic-boom',
  'thread-stream',
]
/** pg, and what it needs: values from the embedded database come in PostgreSQL's form, too. */
const POSTGRES = [
  'pg',
  'pg-connection-string',
  'pg-int8',
  'pg-pool',
  'pg-protocol',
  'pg-types',
  'postgres-array',
  'postgres-bytea',
  'postgres-date',
  'postgres-interval',
  'xtend',
]
const SERVING = /^src\/(server\.ts|adopt|admin|request|resolve|respond|serving)/
const COMMANDS = /^src\/(adopt|admin|cli|client)\/|^src\/supervise\/supervisor\.ts|^src\/config\/schema\.ts/

const site = makeSiteFolder()
afterAll(() => site.remove())

let loaded: { supervisor: Loaded; worker: Loaded }

interface Loaded {
  /** Of vouchd itself, from its root. */
  readonly own: readonly string[]
  /** Names of npm packages. */
  readonly packages: readonly string[]
}

beforeAll(async () => {
  const folder = site.path('modules')
  mkdirSync(folder)
  const preload = new URL('./recordModules.ts', import.meta.url)
  preload.searchParams.set('folder', folder)
  const daemon = runDaemon(site, { env: { NODE_OPTIONS: `--import ${preload.href}` } })
  try {
    await daemon.line('ready')
    const { pid, workers } = await daemon.status()
    loaded = { supervisor: read(`${folder}/${pid}`), worker: read(`${folder}/${workers[0]!.pid}`) }
  } finally {
    await daemon.stop()
  }
}, 60_000)

test('the supervisor loads what reads a configuration and looks after others, and nothing that serves', () => {
  const { own, packages } = loaded.supervisor
  expect(packages).toEqual(['commander', ...LOG, 'smol-toml', 'zod'].sort())
  expect(own).toContain('src/supervise/supervisor.ts')
  expect(own.filter(file => SERVING.test(file))).toEqual([])
  // 168 when this was written; all of them together are more than 500.
  expect(own.length).toBeLessThan(190)
})

test('a worker loads what serves, and nothing that commands or the supervisor alone use', () => {
  const { own, packages } = loaded.worker
  expect(packages).toEqual(['lru-cache', ...LOG, ...POSTGRES, 'piscina'].sort())
  expect(own).toContain('src/server.ts')
  // A terminal's characters are made harmless in the log, too.
  expect(own.filter(file => COMMANDS.test(file))).toEqual(['src/cli/printable.ts'])
  // 256 when this was written.
  expect(own.length).toBeLessThan(280)
})

function read(file: string): Loaded {
  const root = new URL('../../', import.meta.url).href
  const urls = readFileSync(file, 'utf8').split('\n')
  const packages = urls.flatMap(url => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? [])
  const own = urls.filter(
    url => /\/(?:src|native-free)\/[^:]*\.ts$/.test(url) && !url.includes('/node_modules/'),
  )
  return {
    own: [...new Set(own.map(url => url.replace(root, '')))].sort(),
    packages: [...new Set(packages)].sort(),
  }
}
