import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { pino } from 'pino'
import type { Clock } from '../../src/clock.ts'
import { checkConfig } from '../../src/config/checkConfig.ts'
import type { Config } from '../../src/config/types.ts'
import { createEvents } from '../../src/events.ts'
import { createMetrics, type Metrics } from '../../src/observe/metrics.ts'
import { type RunningServer, runServer } from '../../src/server.ts'
import type { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openStore } from '../../src/store/openStore.ts'
import { issueHost } from '../cli/siteFolder.ts'
import { createCa } from '../pki/createCa.ts'
import { writeCertificateFile, writeKeyFile } from '../pki/credentialFiles.ts'
import type { Credential } from '../pki/issueCertificate.ts'
import { issueEec } from '../pki/issueEec.ts'
import { privateKeyPem, storedRsaKey } from '../pki/keys.ts'
import { signingPolicyText } from '../pki/policyText.ts'
import { writeTrustDirectory } from '../pki/trustDirectory.ts'
import { writeLscFile } from '../pki/vomsFiles.ts'
import { placeBlankDatabase } from '../store/blankDatabase.ts'
import { fillSampleVo } from '../store/sampleVo.ts'

export const NOW = Date.UTC(2026, 5, 1) / 1000
export const LONG = { from: '2020-01-01T00:00:00Z', until: '2040-01-01T00:00:00Z' }
const CA_DN = '/C=IT/O=Test/CN=CA'
const HOST_DN = '/C=IT/O=Test/CN=voms.example.org'

export const ca = createCa({ subject: CA_DN, ...LONG })
export const host = issueHost(ca, storedRsaKey(2048), { subject: HOST_DN, ...LONG })
export const ecHost = issueEec(ca, { subject: HOST_DN, altNames: [{ dns: 'voms.example.org' }], ...LONG })

/** A user of the sample VO, or a stranger. */
export function userNamed(name: string): Credential {
  return issueEec(ca, { subject: `/C=IT/O=Test/CN=${name}`, ...LONG })
}

export interface Daemon {
  readonly folder: string
  readonly config: Config
  readonly server: RunningServer
  readonly clock: { now: number }
  /** The log, parsed, as it grows. */
  readonly log: Record<string, unknown>[]
  readonly metrics: Metrics
  port(vo?: string): number
  /** The daemon's database, as a command beside it has it. */
  database(): Promise<Database>
  stop(): Promise<void>
}

/** The whole daemon in this process, over an embedded database with the sample VO vo.0. */
export async function startDaemon(change: Record<string, unknown> = {}): Promise<Daemon> {
  const folder = mkdtempSync(join(tmpdir(), 'vouchd-e2e-'))
  writeCertificateFile(join(folder, 'host.pem'), host)
  writeKeyFile(join(folder, 'host.key'), host)
  writeCertificateFile(join(folder, 'ec.pem'), ecHost)
  writeKeyFile(join(folder, 'ec.key'), ecHost)
  writeTrustDirectory(join(folder, 'certificates'), [
    { ca, signingPolicy: signingPolicyText(CA_DN, ['/C=IT/O=Test/*']) },
  ])
  writeLscFile(join(folder, 'vomsdir'), 'vo.0', 'voms.example.org', [HOST_DN, CA_DN])
  placeBlankDatabase(join(folder, 'database'))
  const hostCredentials = [{ certificate: 'host.pem', key: 'host.key' }]
  const config = checkConfig(
    {
      log: { level: 'debug' },
      store: { kind: 'embedded', folder: 'database' },
      audit: { folder: 'audit' },
      trust: { directory: 'certificates', vomsdir: 'vomsdir' },
      vo: [{ name: 'vo.0', listen: ['127.0.0.1:0'], uri: 'voms.example.org:15000', hostCredentials }],
      ...change,
    },
    folder,
  )
  const clock = { now: NOW }
  const log: Record<string, unknown>[] = []
  const injected: Clock = { now: () => clock.now }
  const logger = pino({ level: 'debug' }, { write: line => void log.push(JSON.parse(line)) })
  const metrics = createMetrics()
  const monotonic = () => performance.now()
  const server = await runServer(config, {
    clock: injected,
    monotonic,
    events: createEvents(logger, { metrics, monotonic }),
    processNumber: 1,
  })
  const database = () => openStore(config.store, { mode: 'command' })
  const db = await database()
  await migrate(db)
  await fillSampleVo(db)
  await db.close()
  return {
    folder,
    config,
    server,
    clock,
    log,
    metrics,
    port: vo => server.addresses.find(entry => entry.vo === (vo ?? config.vos[0]!.name))!.addresses[0]!.port,
    database,
    async stop() {
      await server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Longer than any limit of the daemon: whoever waits for so long has been forgotten. */
const SILENCE_MS = 180_000

/** What a client shows of a certificate, and its key. */
export type ClientCertificate = Pick<Credential, 'pem' | 'key'>

/** Writes the pieces over one TLS connection and reads to its end. */
export function talk(port: number, chain: readonly ClientCertificate[], request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      rejectUnauthorized: false,
      timeout: SILENCE_MS,
      ...(chain[0] && { cert: chain.map(c => c.pem).join(''), key: privateKeyPem(chain[0].key) }),
    })
    let text = ''
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
    })
    socket.once('timeout', () => socket.destroy(new Error(`nothing came for ${SILENCE_MS} ms`)))
    socket.once('error', reject)
    socket.once('close', () => resolve(text))
    socket.once('secureConnect', () => socket.write(request))
  })
}

export interface RestAnswer {
  readonly status: number
  readonly ac: Uint8Array | undefined
  readonly code: string | undefined
  readonly message: string | undefined
  readonly warnings: readonly string[]
}

/** Asks over REST as any HTTP client does, and takes the document apart without our own reader. */
export async function askRest(
  port: number,
  chain: readonly ClientCertificate[],
  query = '',
): Promise<RestAnswer> {
  const text = await talk(
    port,
    chain,
    `GET /generate-ac${query} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
  )
  const one = (name: string) => new RegExp(`<${name}>([\\s\\S]*?)</${name}>`).exec(text)?.[1]
  const ac = one('ac')
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]),
    ac: ac === undefined ? undefined : new Uint8Array(Buffer.from(ac, 'base64')),
    code: one('code'),
    message: one('message'),
    warnings: [...text.matchAll(/<warning>([\s\S]*?)<\/warning>/g)].map(match => match[1]!),
  }
}

/** Asks over the legacy protocol. */
export function askLegacy(
  port: number,
  chain: readonly Credential[],
  commands: readonly string[],
  more = '',
): Promise<string> {
  const list = commands.map(command => `<command>${command}</command>`).join('')
  return talk(port, chain, `0<?xml version="1.0" encoding="US-ASCII"?><voms>${list}${more}</voms>`)
}
