import { lookup, lookupService } from 'node:dns/promises'
import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import type { AcAnswer, AcRequest } from './acRequest.ts'
import {
  type Client,
  credentialOf,
  gridEnvironment,
  hoursAndMinutes,
  type Place,
  proxyFileOf,
} from './client.ts'
import { VO } from './dump.ts'
import { acsOfProxyFile } from './proxyFile.ts'
import { run } from './run.ts'
import { writeVomses } from './world.ts'

async function ask(request: AcRequest, place: Place): Promise<AcAnswer> {
  const { world, folder, port, proxy } = place
  const vomses = await writeVomses(world, 'voms-proxy-init3', VO, port)
  const proxyFile = proxyFileOf(place)
  const { certificate, key } = credentialOf(request, place)
  const eec = request.pkcs12
    ? ['--cert', world.pkcs12.file, '--pwstdin']
    : ['--cert', certificate, '--key', key]
  const lifetime = request.lifetimeSeconds
  const { code, stdout, stderr } = await run(
    'voms-proxy-init3',
    [
      ...['--vomses', vomses, '--vomsdir', world.vomsdir, '--certdir', world.trustDirectory],
      ...['--out', proxyFile, '--valid', '10:00', '--enable_legacy_protocol'],
      ...(proxy === undefined ? eec : ['--noregen']),
      ...request.fqans.flatMap(fqan => ['--voms', fqan === '' ? VO : `${VO}:${fqan}`]),
      ...(request.order ?? []).flatMap(entry => ['--order', entry]),
      ...(request.targets ?? []).flatMap(target => ['--target', target]),
      ...(lifetime === undefined ? [] : ['--vomslife', hoursAndMinutes(lifetime)]),
      ...(request.proxyType === undefined ? [] : [`--${request.proxyType}`]),
      ...(request.verify === false ? ['--dont_verify_ac'] : []),
    ],
    {
      env: gridEnvironment(place, proxy === undefined ? {} : { X509_USER_PROXY: proxy }),
      cwd: folder,
      input: request.pkcs12 ? `${world.pkcs12.password}\n` : '',
    },
  )
  return {
    ...{ code, output: `${stdout}\n${stderr}`.trim(), listed: undefined },
    acs: await acsOfProxyFile(proxyFile),
    proxyFile: existsSync(proxyFile) ? proxyFile : undefined,
  }
}

function notOffered(legacy: boolean, request: AcRequest): string | undefined {
  const { fqans, list, targets = [] } = request
  if (list) return 'has no option for it'
  if (fqans.includes('all')) return 'asks for plain membership instead'
  if (targets.length > 1) return 'sends the first target only'
  if (!legacy) return undefined
  if (targets.length > 0) return 'sends no targets in the legacy protocol'
  if (fqans.includes('/Role=R1')) return 'calls it a syntax error in the legacy protocol'
  if (fqans.some(fqan => fqan.length > 255)) return 'sends at most 255 characters in the legacy protocol'
  return undefined
}

/** The Java client validates the user's certificate against the trust directory before it asks. */
function refusesItself({ user }: AcRequest): string | undefined {
  const reasons: Partial<Record<AcRequest['user'], string>> = {
    expired: 'Certificate has expired',
    revoked: 'Certificate was revoked',
    untrustedCa: 'No trusted CA certificate was found',
  }
  return reasons[user]
}

/** What Java calls this host: the name behind the address behind the host name. */
async function canonicalHostName(): Promise<string> {
  const { address } = await lookup(hostname(), { family: 4 })
  return (await lookupService(address, 0)).hostname
}

function vomsProxyInit3(name: string, unanswered: number): Client {
  return {
    name,
    programs: ['openssl', 'voms-proxy-init3', 'voms-proxy-info3', 'voms-proxy-info2', 'voms-verify'],
    protocol: unanswered > 0 ? 'legacy' : 'rest',
    unanswered,
    warnings: 'shown',
    defaultLifetimeSeconds: 36_000,
    notOffered: request => notOffered(unanswered > 0, request),
    refusesItself,
    ownHostName: canonicalHostName,
    ask,
  }
}

/** The Java client: REST, and legacy XML when the server does not answer REST (which Java tries twice). */
export const vomsProxyInit3Clients: readonly Client[] = [
  vomsProxyInit3('voms-proxy-init3', 0),
  vomsProxyInit3('voms-proxy-init3, legacy', 2),
]
