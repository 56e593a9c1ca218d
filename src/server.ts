import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { Refusal } from '../native-free/refusal.ts'
import { decodePem } from '../native-free/x509/pem.ts'
import { type Authenticator, createAuthenticator } from './authenticate/authenticate.ts'
import { carriedFqans } from './authenticate/carriedFqans.ts'
import { after } from './authenticate/trust/after.ts'
import {
  createTrustStore,
  type ReloadResult,
  type TrustStore,
} from './authenticate/trust/createTrustStore.ts'
import { createVomsdir, type Vomsdir } from './authenticate/trust/createVomsdir.ts'
import { watchFolder } from './authenticate/trust/watchFolder.ts'
import type { Clock } from './clock.ts'
import { ConfigError } from './config/ConfigError.ts'
import type { Config, CredentialPaths, ListenAddress, VoConfig } from './config/types.ts'
import type { Events } from './events.ts'
import { createProfile } from './issue/profile.ts'
import { randomSerials } from './issue/serial.ts'
import { createInlineSigner } from './issue/sign/inline.ts'
import { unobserved } from './issue/sign/observer.ts'
import { createSignerPool, type SignerPool } from './issue/sign/pool.ts'
import { concurrency } from './issue/sign/poolSize.ts'
import type { Signer, SigningKey } from './issue/types.ts'
import { type Listener, openListener } from './listen/listener.ts'
import type { TlsCredential } from './listen/tlsOptions.ts'
import { createRequestIds, type RequestIds } from './requestIds.ts'
import { type CachedDirectory, createDirectory, type DirectoryEvent } from './resolve/directory.ts'
import { refuseUnframed, type ServeDeps, serve } from './serve.ts'
import type { Database } from './store/database.ts'
import { schemaProblem, schemaState } from './store/migrate.ts'
import { openStore } from './store/openStore.ts'

export interface ServerDeps {
  readonly clock: Clock
  /** Milliseconds from anywhere, never going back. */
  readonly monotonic: () => number
  readonly events: Events
  /** A number that differs from one process to the next, for request ids. */
  readonly processNumber: number
}

export interface RunningServer {
  /** Where each VO listens; ports of 0 are resolved. */
  readonly addresses: readonly { readonly vo: string; readonly addresses: readonly ListenAddress[] }[]
  /** Looks at the trust directory now instead of at the next sign of a change. */
  reload(): Promise<void>
  /** Stops accepting, finishes what is under way, and closes every part in reverse order. */
  close(): Promise<void>
}

/** After this an answer has reached its client or will not any more: the longest connection, and a little. */
const DRAIN_MS = 10_000
// A package update or fetch-crl is through with its files in less; a new CRL is to bite within five seconds.
const TRUST_DEBOUNCE_MS = 2_000

/**
 * Builds every part in the order of their needs, opens the ports last. Throws ConfigError, SigningKeyFault,
 * DatabaseError or a system's error; whatever was built until then is closed again.
 */
export async function runServer(config: Config, deps: ServerDeps): Promise<RunningServer> {
  await using parts = new AsyncDisposableStack()
  const trust = await openTrust(config, deps)
  parts.defer(() => trust.close())
  const authenticator = createAuthenticator(
    { policy: config.authentication },
    { clock: deps.clock, snapshot: () => (trust.current().cas.length === 0 ? undefined : trust.current()) },
  )
  const vomsdir = createVomsdir(config.trust.vomsdir, (file, what) =>
    deps.events.notice('warn', what, { file }),
  )
  const db = await openStore(config.store, { mode: 'serve', onLost: storeLost(deps.events) })
  parts.defer(() => db.close())
  await checkSchema(config, db, deps.events)
  const directory = createDirectory(config.directory, {
    db,
    clock: deps.clock,
    monotonic: deps.monotonic,
    onEvent: event => noteDirectoryEvent(event, deps.events),
  })
  parts.defer(() => directory.close())
  const signers = openSigners(config)
  parts.defer(() => signers.close())

  const shared: SharedParts = {
    trust,
    authenticator,
    vomsdir,
    directory,
    signers,
    requestIds: createRequestIds(deps.processNumber),
  }
  const listeners: Listener[] = []
  for (const vo of config.vos) {
    const listener = await openVo(vo, config, shared, deps)
    parts.defer(() => listener.close(DRAIN_MS))
    listeners.push(listener)
    for (const { host, port } of listener.addresses) deps.events.listening(vo.name, host, port)
  }

  const running = parts.move()
  return {
    addresses: config.vos.map((vo, index) => ({ vo: vo.name, addresses: listeners[index]!.addresses })),
    async reload() {
      await trust.reload()
    },
    async close() {
      // Every port stops accepting at once; the parts behind them outlive the last answer.
      await Promise.all(listeners.map(listener => listener.close(DRAIN_MS)))
      await running.disposeAsync()
    },
  }
}

/** What all VOs of a process share. */
interface SharedParts {
  readonly trust: TrustStore
  readonly authenticator: Authenticator
  readonly vomsdir: Vomsdir
  readonly directory: CachedDirectory
  readonly signers: Signers
  readonly requestIds: RequestIds
}

async function openVo(
  vo: VoConfig,
  config: Config,
  shared: SharedParts,
  deps: ServerDeps,
): Promise<Listener> {
  const profile = createProfile({
    vo: vo.name,
    uri: vo.uri,
    holderForm: vo.holderForm,
    digest: vo.digest,
    maxLifetimeSeconds: vo.maxLifetimeSeconds,
    allowEcAcKey: vo.allowEcAcKey,
    issuerCertificates: await readIssuerCertificates(vo),
  })
  const signer = await shared.signers.signer({
    path: vo.acCredential.key,
    keyId: profile.keyId,
    digest: vo.digest,
  })
  const serveDeps: ServeDeps = {
    vo: {
      vo: vo.name,
      uri: vo.uri,
      fqanForm: vo.fqanForm,
      maxLifetimeSeconds: vo.maxLifetimeSeconds,
      matchSubjectOnly: vo.matchSubjectOnly,
      forceBase64: vo.forceBase64,
      profile,
    },
    authenticate: shared.authenticator.authenticate,
    directory: shared.directory,
    carriedFqans: (chain, name) => carriedFqans(chain, name, { ...shared, clock: deps.clock }),
    issuing: { clock: deps.clock, serials: randomSerials, signer, beforeSign() {} },
    clock: deps.clock,
    requestIds: shared.requestIds,
    events: deps.events,
    monotonic: deps.monotonic,
  }
  return openListener(
    {
      addresses: vo.listen,
      credentials: await Promise.all(vo.hostCredentials.map(readTlsCredential)),
      limits: config.limits,
      maxSentCerts: config.authentication.maxSentCerts,
      keepAliveSeconds: vo.keepAliveSeconds,
    },
    {
      serve: (peer, frame) => serve(peer, frame, serveDeps),
      refuse: (peer, protocol, why, seen) => refuseUnframed(peer, protocol, why, seen, serveDeps),
    },
    {
      shed: reason => deps.events.shed(vo.name, reason),
      handshakeFailed: (error, address) => deps.events.handshakeFailed(vo.name, address, error),
    },
  )
}

async function readTlsCredential(paths: CredentialPaths): Promise<TlsCredential> {
  const [certificate, key] = await Promise.all([readFile(paths.certificate), readFile(paths.key)])
  return { certificate, key }
}

/** DER of the AC issuer's certificate and of what certseq holds after it. */
async function readIssuerCertificates(vo: VoConfig): Promise<readonly Uint8Array[]> {
  const [issuer] = await readCertificates(vo.acCredential.certificate)
  const further = vo.acIntermediates === undefined ? [] : await readCertificates(vo.acIntermediates)
  return issuer === undefined ? [] : [issuer, ...further]
}

async function readCertificates(path: string): Promise<readonly Uint8Array[]> {
  try {
    const blocks = decodePem(await readFile(path, 'latin1'))
    return blocks.filter(block => block.label === 'CERTIFICATE').map(block => block.der)
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    throw new ConfigError([
      { path, problem: cause.message, advice: 'write the certificate there anew, in PEM' },
    ])
  }
}

interface Signers {
  signer(key: SigningKey): Promise<Signer>
  close(): Promise<void>
}

function openSigners({ signing }: Config): Signers | SignerPool {
  if (signing.mode === 'inline')
    return { signer: async key => createInlineSigner(key), close: async () => {} }
  const threads = signing.threads ?? concurrency(availableParallelism()).signersPerWorker
  return createSignerPool({ threads, maxQueue: signing.maxQueue }, unobserved)
}

async function openTrust(config: Config, { clock, events }: ServerDeps): Promise<TrustStore> {
  const trust = createTrustStore(
    {
      folder: config.trust.directory,
      pollSeconds: config.trust.pollSeconds,
      debounceMs: TRUST_DEBOUNCE_MS,
    },
    {
      clock,
      after,
      watch: watchFolder,
      onReload: result => noteTrustReload(result, events),
      onWatchFailure: cause =>
        events.notice('warn', 'the trust directory cannot be watched; it is polled', {
          detail: cause.message,
        }),
    },
  )
  await trust.start()
  return trust
}

/** A server's schema is never changed here, and an embedded one was migrated by its owner. */
async function checkSchema(config: Config, db: Database, events: Events): Promise<void> {
  if (config.directory.versionQuery !== undefined) return
  let problem: string | undefined
  try {
    problem = schemaProblem(await schemaState(db))
  } catch (cause) {
    // The daemon starts without its database and answers that there is a problem with it.
    events.notice('error', 'the database does not answer', { detail: String(cause) })
    return
  }
  if (problem !== undefined) throw new ConfigError([{ path: 'store', problem, advice: 'then start again' }])
}

function storeLost(events: Events): (error: Error) => void {
  return error => events.notice('error', 'the database connection was lost', { detail: error.message })
}

function noteTrustReload(result: ReloadResult, events: Events): void {
  if (result.outcome === 'unchanged') return
  const { diff, summary } = result
  const level = result.outcome === 'changed' ? 'info' : 'error'
  events.notice(level, `trust directory: ${result.outcome}`, { generation: result.generation, diff, summary })
  for (const finding of result.findings) {
    const { what, ...fields } = finding
    events.notice(finding.level === 'error' ? 'error' : 'warn', what, fields)
  }
}

function noteDirectoryEvent(event: DirectoryEvent, events: Events): void {
  if (event.kind === 'back') events.notice('info', 'the database is back')
  if (event.kind === 'away') {
    events.notice('error', 'the database is away; cached members are served', { detail: String(event.cause) })
  }
  if (event.kind === 'refused') {
    events.notice('error', 'the database refuses what it is asked', { detail: String(event.cause) })
  }
}
