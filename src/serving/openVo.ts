import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { SecureContext } from 'node:tls'
import { Refusal } from '../../native-free/refusal.ts'
import { parseCertificate } from '../../native-free/x509/parseCertificate.ts'
import { decodePem } from '../../native-free/x509/pem.ts'
import { carriedFqans } from '../authenticate/carriedFqans.ts'
import { SetupError } from '../check/SetupError.ts'
import { ConfigError } from '../config/ConfigError.ts'
import type { Config, CredentialPaths, VoConfig } from '../config/types.ts'
import { createProfile } from '../issue/profile.ts'
import { randomSerials } from '../issue/serial.ts'
import type { Signer } from '../issue/types.ts'
import type { Answerer } from '../listen/connection.ts'
import type { ListenerSettings } from '../listen/listener.ts'
import { type TlsCredential, tlsContext } from '../listen/tlsOptions.ts'
import { type CertificateEnd, countSignatures } from '../observe/countServing.ts'
import { tlsUsage } from '../observe/status.ts'
import { RateLimit } from '../rateLimit.ts'
import type { RequestIds } from '../requestIds.ts'
import { refuseUnframed, type ServeDeps, serve } from '../serve.ts'
import type { ServerDeps } from '../server.ts'
import { createInFlight } from './inFlight.ts'
import type { Parts } from './openParts.ts'
import { keepOrOpen, type Part } from './part.ts'

/**
 * One VO, ready to be served: its certificates, profile and signer belong together and are only ever swapped
 * together.
 */
export interface VoService extends Answerer {
  readonly name: string
  readonly listener: ListenerSettings
  readonly tlsDigest: string
  /** What its holders have asked lately, over reloads too. */
  readonly holders: RateLimit
  /** When its certificates expire. */
  readonly certificates: readonly CertificateEnd[]
}

/** Everything of a VO that can fail. Throws SetupError, ConfigError, SigningKeyFault or a system's error. */
export async function openVo(
  vo: VoConfig,
  config: Config,
  parts: Parts,
  before: Part<VoService> | undefined,
  opened: AsyncDisposableStack,
  deps: ServerDeps & { readonly requestIds: RequestIds },
): Promise<Part<VoService>> {
  const files = await readFiles(vo)
  const { authenticator, vomsdir, directory, signers, audit } = parts
  const { limits, authentication } = config
  const from = {
    settings: [vo, limits, authentication.maxSentCerts, files.tlsDigest, digestOf(files.issuerCertificates)],
    uses: [authenticator, vomsdir, directory, signers, audit],
  }
  return keepOrOpen(before, from, opened, async () => {
    const { tlsDigest } = files
    const known = before?.value.tlsDigest === tlsDigest ? before.value.listener.secureContext : undefined
    const listener: ListenerSettings = {
      secureContext: known ?? tlsContextOf(vo, files.tls),
      limits,
      rates: vo.rates,
      maxSentCerts: authentication.maxSentCerts,
      keepAliveSeconds: vo.keepAliveSeconds,
    }
    const holders = before?.value.holders ?? new RateLimit(deps.monotonic)
    const { serveDeps, signer } = await openIssuing(vo, files.issuerCertificates, parts, holders, deps)
    const inFlight = createInFlight()
    const value: VoService = {
      name: vo.name,
      listener,
      tlsDigest,
      holders,
      certificates: [
        ...files.tls.map(({ certificate }) => tlsEnd(vo.name, certificate)),
        { vo: vo.name, usage: 'ac', notAfter: serveDeps.vo.profile.issuer.notAfter },
      ],
      serve: (peer, frame) => inFlight.track(serve(peer, frame, serveDeps)),
      refuse: (peer, protocol, why, seen) => refuseUnframed(peer, protocol, why, seen, serveDeps),
    }
    return {
      value,
      async close() {
        await inFlight.idle()
        await signer.close()
      },
    }
  })
}

async function openIssuing(
  vo: VoConfig,
  issuerCertificates: readonly Uint8Array[],
  { authenticator, vomsdir, directory, signers, audit }: Parts,
  holders: RateLimit,
  deps: ServerDeps & { readonly requestIds: RequestIds },
): Promise<{ serveDeps: ServeDeps; signer: Signer }> {
  const profile = createProfile({
    vo: vo.name,
    uri: vo.uri,
    holderForm: vo.holderForm,
    digest: vo.digest,
    maxLifetimeSeconds: vo.maxLifetimeSeconds,
    allowEcAcKey: vo.allowEcAcKey,
    issuerCertificates,
  })
  const signer = await signers.value.signer({
    path: vo.acCredential.key,
    keyId: profile.keyId,
    digest: vo.digest,
  })
  const { clock, events, monotonic, requestIds } = deps
  const counted = countSignatures(signer, events.metrics.signatures(profile.keyId, 'ac'))
  const believed = {
    vomsdir: vomsdir.value,
    authenticator: authenticator.value,
    clock,
  }
  const perMinute = vo.rates.holderRequestsPerMinute
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
    authenticate: authenticator.value.authenticate,
    mayAsk: (ca, holder) => perMinute === 0 || holders.take(`${ca}\n${holder}`, perMinute),
    directory: directory.value,
    carriedFqans: (chain, name) => carriedFqans(chain, name, believed),
    issuing: { clock, serials: randomSerials, signer: counted, beforeSign: audit.value.beforeSign },
    clock,
    requestIds,
    events,
    monotonic,
  }
  return { serveDeps, signer }
}

interface VoFiles {
  readonly tls: readonly TlsCredential[]
  /** Tells one content of the TLS files from another. */
  readonly tlsDigest: string
  /** DER of the AC issuer's certificate and of what certseq holds after it. */
  readonly issuerCertificates: readonly Uint8Array[]
}

async function readFiles(vo: VoConfig): Promise<VoFiles> {
  const tls = await Promise.all(vo.hostCredentials.map(readTlsCredential))
  const [issuer] = await readCertificates(vo.acCredential.certificate)
  const further = vo.acIntermediates === undefined ? [] : await readCertificates(vo.acIntermediates)
  return {
    tls,
    tlsDigest: digestOf(tls.flatMap(({ certificate, key }) => [certificate, key])),
    issuerCertificates: issuer === undefined ? [] : [issuer, ...further],
  }
}

/** A credential was loaded for TLS, so that its first certificate can be read. */
function tlsEnd(vo: string, pem: Buffer): CertificateEnd {
  const [first] = decodePem(pem.toString('latin1')).filter(({ label }) => label.endsWith('CERTIFICATE'))
  const certificate = parseCertificate(first!.der)
  return { vo, usage: tlsUsage(certificate), notAfter: certificate.notAfter }
}

async function readTlsCredential(paths: CredentialPaths): Promise<TlsCredential> {
  const [certificate, key] = await Promise.all([readFile(paths.certificate), readFile(paths.key)])
  return { certificate, key }
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

function digestOf(contents: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const content of contents) hash.update(`${content.length} `).update(content)
  return hash.digest('hex')
}

/** What the checks of the files did not find, for instance since they changed in between. */
function tlsContextOf(vo: VoConfig, credentials: readonly TlsCredential[]): SecureContext {
  try {
    return tlsContext(credentials)
  } catch (cause) {
    throw new SetupError([
      {
        area: 'credentials',
        level: 'error',
        place: vo.hostCredentials.map(({ certificate }) => certificate).join(', '),
        what: `cannot be used for TLS (${(cause as Error).message})`,
        advice: 'run vouchd check',
      },
    ])
  }
}
