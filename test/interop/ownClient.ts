import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
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

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

function credentialArguments(request: AcRequest, place: Place): string[] {
  const { proxy } = place
  if (proxy !== undefined) return ['--noregen', '--cert', proxy]
  if (request.pkcs12) return ['--cert', place.world.pkcs12.file, '--pwstdin']
  const { certificate, key } = credentialOf(request, place)
  return ['--cert', certificate, '--key', key]
}

async function ask(flags: readonly string[], request: AcRequest, place: Place): Promise<AcAnswer> {
  const { world, folder, port } = place
  const vomses = await writeVomses(world, `proxy-init${flags.join('')}`, VO, port)
  const proxyFile = proxyFileOf(place)
  const lifetime = request.lifetimeSeconds
  const { code, stdout, stderr } = await run(
    process.execPath,
    [
      ...[MAIN, 'proxy-init', ...flags, '-vomses', vomses, '-out', proxyFile, '-valid', '10:00'],
      ...credentialArguments(request, place),
      ...request.fqans.flatMap(fqan => ['-voms', fqan === '' ? VO : `${VO}:${fqan}`]),
      ...(request.list ? ['-list'] : []),
      ...(request.order ?? []).flatMap(entry => ['-order', entry]),
      ...(request.targets ?? []).flatMap(target => ['-target', target]),
      ...(lifetime === undefined ? [] : ['-vomslife', hoursAndMinutes(lifetime)]),
      ...(request.proxyType === undefined ? [] : [`-${request.proxyType}`]),
      ...(request.verify === false ? ['-dont-verify-ac'] : []),
    ],
    {
      env: gridEnvironment(place),
      cwd: folder,
      input: request.pkcs12 ? `${world.pkcs12.password}\n` : '',
    },
  )
  return {
    ...{ code, output: `${stdout}\n${stderr}`.trim() },
    acs: await acsOfProxyFile(proxyFile),
    proxyFile: existsSync(proxyFile) ? proxyFile : undefined,
    listed: request.list ? stdout.split('\n').filter(line => line.startsWith('/')) : undefined,
  }
}

function ownClient(name: string, flags: readonly string[]): Client {
  return {
    name,
    programs: ['openssl', 'voms-proxy-info2', 'voms-proxy-info3', 'arcproxy', 'voms-verify'],
    protocol: flags.includes('legacy') ? 'legacy' : 'rest',
    unanswered: 0,
    warnings: 'shown',
    defaultLifetimeSeconds: 36_000,
    notOffered: ({ proxyType }) => (proxyType === 'old' ? 'makes RFC proxies only' : undefined),
    ownHostName: async () => hostname(),
    refusesItself: () => undefined,
    ask: (request, place) => ask(flags, request, place),
  }
}

/** `vouchd proxy-init` in each of its ways to talk. */
export const ownClients: readonly Client[] = [
  ownClient('vouchd proxy-init', []),
  ownClient('vouchd proxy-init, legacy', ['--protocol', 'legacy']),
]
