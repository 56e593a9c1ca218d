import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import type { AcAnswer, AcRequest } from './acRequest.ts'
import { type Client, credentialOf, gridEnvironment, type Place, proxyFileOf } from './client.ts'
import { VO } from './dump.ts'
import { acsOfProxyFile } from './proxyFile.ts'
import { run } from './run.ts'
import { writeVomses } from './world.ts'

/** What is asked for when a case names no lifetime. */
const DEFAULT_LIFETIME_SECONDS = 36_000

function credentialArguments(request: AcRequest, place: Place): string[] {
  const { certificate, key } = credentialOf(request, place)
  const { proxy } = place
  if (proxy !== undefined) return ['-C', proxy, '-K', proxy]
  if (request.pkcs12) return ['-C', place.world.pkcs12.file, '-p', 'key=stdin']
  return ['-C', certificate, '-K', key]
}

async function ask(flags: readonly string[], request: AcRequest, place: Place): Promise<AcAnswer> {
  const { world, folder, port } = place
  const vomses = await writeVomses(world, `arcproxy${flags.join('')}`, VO, port)
  const proxyFile = proxyFileOf(place)
  const lifetime = request.lifetimeSeconds
  // The proxy has to last as long as its AC, or arcproxy cuts the AC's lifetime by itself.
  const proxySeconds = Math.max(lifetime ?? 0, DEFAULT_LIFETIME_SECONDS)
  const constraints = [
    `validityPeriod=${proxySeconds}`,
    `vomsACvalidityPeriod=${lifetime ?? DEFAULT_LIFETIME_SECONDS}`,
    ...(request.proxyType === 'limited' ? ['proxyPolicy=limited'] : []),
  ]
  const { code, stdout, stderr } = await run(
    'arcproxy',
    [
      ...flags,
      ...['-V', vomses, '-s', world.vomsdir, '-T', world.trustDirectory, '-P', proxyFile],
      ...credentialArguments(request, place),
      ...request.fqans.flatMap(fqan => ['-S', fqan === '' ? VO : `${VO}:${fqan}`]),
      ...(request.order ?? []).flatMap(entry => ['-o', entry]),
      ...constraints.flatMap(constraint => ['-c', constraint]),
    ],
    {
      env: gridEnvironment(place),
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
  if (request.list) return 'lists in no protocol'
  if (request.targets) return 'has no option for it'
  if (request.proxyType === 'old') return 'makes RFC proxies only'
  if (legacy) return undefined
  if (request.fqans.includes('all')) return 'sends no FQANs for it over REST'
  if (request.order) return 'sends no order over REST'
  return undefined
}

function arcproxy(name: string, flags: readonly string[]): Client {
  const legacy = flags.includes('-B')
  return {
    name,
    programs: ['openssl', 'arcproxy', 'voms-proxy-info2', 'voms-verify'],
    protocol: legacy ? 'legacy' : 'rest',
    unanswered: 0,
    warnings: legacy ? 'taken as errors' : 'hidden',
    defaultLifetimeSeconds: DEFAULT_LIFETIME_SECONDS,
    notOffered: request => notOffered(legacy, request),
    ownHostName: async () => hostname(),
    refusesItself: ({ user }) => (user === 'expired' ? 'Certificate has expired' : undefined),
    ask: (request, place) => ask(flags, request, place),
  }
}

/** ARC's client in each of its ways to talk. It always connects with a proxy that it has just made. */
export const arcproxyClients: readonly Client[] = [
  arcproxy('arcproxy', []),
  arcproxy('arcproxy --httpcom', ['-H']),
  arcproxy('arcproxy --gsicom', ['-G']),
  arcproxy('arcproxy --oldcom', ['-B']),
  arcproxy('arcproxy --oldcom --gsicom', ['-B', '-G']),
]
