import type { PhaseTimes } from '../../client/connectTls.ts'
import type { ProxyKey } from '../../client/makeProxy.ts'
import type { CredentialFiles } from '../../client/readUserCredential.ts'
import { type ClientProtocol, DEFAULT_TIMES } from '../../client/requestAc.ts'
import {
  defaultCertDir,
  defaultCredential,
  defaultProxyFile,
  defaultVomsdir,
  defaultVomses,
  siblingKey,
  type UserPlace,
} from '../../client/userPaths.ts'
import { parseVomsArguments, type VomsArgument } from '../../client/vomsArguments.ts'
import { CliError } from '../CliError.ts'
import { EXIT } from '../exitCodes.ts'
import { parseCount, parseHoursMinutes } from '../lifetime.ts'
import type { ProxyInitArguments } from './options.ts'

/** What `proxy-init` is to do, every default filled in. */
export interface ProxyInitPlan {
  readonly vos: readonly VomsArgument[]
  readonly proxySeconds: number
  readonly acSeconds: number
  readonly order: readonly string[]
  readonly targets: readonly string[]
  readonly credential: CredentialFiles
  readonly out: string
  readonly vomses: readonly string[]
  readonly certdir: string
  readonly vomsdir: string
  readonly key: ProxyKey
  readonly limited: boolean
  readonly pathLength: number | undefined
  readonly protocols: readonly ClientProtocol[]
  readonly times: PhaseTimes
}

const DEFAULT_SECONDS = 12 * 3600
const DEFAULT_BITS = 2048

/** Reads the options, with the environment and the user's usual files behind them. Throws CliError or ClientError. */
export function planProxyInit(
  options: ProxyInitArguments & { readonly targets?: readonly string[] },
  user: UserPlace,
): ProxyInitPlan {
  refuseOldProxies(options)
  const valid = options.valid === undefined ? undefined : parseHoursMinutes('--valid', options.valid)
  const hours = options.hours === undefined ? undefined : parseHoursMinutes('--hours', options.hours)
  const life = options.vomslife === undefined ? undefined : parseHoursMinutes('--vomslife', options.vomslife)
  const vos = parseVomsArguments(options.voms)
  if (options.list && vos.length === 0) {
    throw new CliError(EXIT.usage, '--list needs a VO; name it by --voms')
  }
  return {
    vos: options.list ? vos.map(({ name }) => ({ name, commands: ['all'] })) : vos,
    proxySeconds: hours ?? valid ?? DEFAULT_SECONDS,
    acSeconds: life ?? valid ?? hours ?? DEFAULT_SECONDS,
    order: options.order,
    targets: [...options.target, ...(options.targets ?? [])],
    credential: credentialFiles(options, user),
    out: options.out ?? defaultProxyFile(user),
    vomses: options.vomses.length > 0 ? options.vomses : defaultVomses(user),
    certdir: options.certdir ?? defaultCertDir(user),
    vomsdir: options.vomsdir ?? defaultVomsdir(user),
    key: proxyKey(options),
    limited: options.limited === true,
    pathLength:
      options.pathLength === undefined ? undefined : parseCount('--path-length', options.pathLength, 0, 1000),
    protocols: options.protocol === undefined ? ['rest', 'legacy'] : [options.protocol as ClientProtocol],
    times: phaseTimes(options),
  }
}

function refuseOldProxies({ old, proxyver }: ProxyInitArguments): void {
  if (old === undefined && (proxyver === undefined || proxyver === '4')) return
  throw new CliError(
    EXIT.usage,
    'proxies of the old kinds are accepted by hardly any service; leave the option out for one of RFC 3820',
  )
}

function credentialFiles({ cert, key, noregen }: ProxyInitArguments, user: UserPlace): CredentialFiles {
  const usual = noregen
    ? { certificate: defaultProxyFile(user), key: defaultProxyFile(user) }
    : defaultCredential(user)
  if (cert === undefined) return { certificate: usual.certificate, key: key ?? usual.key }
  return { certificate: cert, key: key ?? siblingKey(cert, usual) }
}

function proxyKey({ keyType, bits }: ProxyInitArguments): ProxyKey {
  if (keyType === 'ec') {
    if (bits === undefined) return { kind: 'ec' }
    throw new CliError(EXIT.usage, '--bits is for RSA keys; an EC key is one of P-256')
  }
  const count = bits === undefined ? DEFAULT_BITS : parseCount('--bits', bits, 1, 100_000)
  if (count < 2048)
    throw new CliError(EXIT.usage, `--bits ${count}: services refuse keys of fewer than 2048 bits`)
  if (count > 8192)
    throw new CliError(EXIT.usage, `--bits ${count}: services refuse keys of more than 8192 bits`)
  return { kind: 'rsa', bits: count }
}

function phaseTimes({ timeout }: ProxyInitArguments): PhaseTimes {
  if (timeout === undefined) return DEFAULT_TIMES
  const milliseconds = parseCount('--timeout', timeout, 1, 3600) * 1000
  return { connectMs: milliseconds, handshakeMs: milliseconds, answerMs: milliseconds }
}
