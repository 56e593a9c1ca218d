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
import { type Finished, run } from './run.ts'
import { writeVomses } from './world.ts'

/** Marks of key generation, and complaints about a missing seed file, say nothing about the server. */
function clean({ stdout, stderr }: Finished): string {
  const lines = `${stdout}\n${stderr}`.split('\n')
  return lines.filter(line => !/^[.+* ]{4,}|\.rnd$|^Function: $/.test(line) && line.trim() !== '').join('\n')
}

function credentialArguments(request: AcRequest, place: Place): string[] {
  const { proxy, world } = place
  if (proxy !== undefined) return ['-noregen', '-cert', proxy, '-key', proxy]
  if (request.pkcs12) return ['-cert', world.pkcs12.file, '-pwstdin']
  const { certificate, key } = credentialOf(request, place)
  return ['-cert', certificate, '-key', key]
}

async function ask(request: AcRequest, place: Place): Promise<AcAnswer> {
  const vomses = await writeVomses(place.world, 'voms-proxy-init2', VO, place.port)
  const proxyFile = proxyFileOf(place)
  const lifetime = request.lifetimeSeconds
  const finished = await run(
    'voms-proxy-init2',
    [
      ...['-vomses', vomses, '-certdir', place.world.trustDirectory],
      ...credentialArguments(request, place),
      ...['-out', proxyFile, '-valid', '10:00'],
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
      cwd: place.folder,
      input: request.pkcs12 ? `${place.world.pkcs12.password}\n` : '',
    },
  )
  const output = clean(finished)
  return {
    code: finished.code,
    output,
    acs: await acsOfProxyFile(proxyFile),
    proxyFile: existsSync(proxyFile) ? proxyFile : undefined,
    listed: request.list ? output.split('\n').filter(line => line.startsWith('/')) : undefined,
  }
}

function vomsProxyInit2(name: string, unanswered: number): Client {
  return {
    name,
    programs: ['openssl', 'voms-proxy-init2', 'voms-proxy-info2', 'voms-verify'],
    protocol: unanswered > 0 ? 'legacy' : 'rest',
    unanswered,
    warnings: 'shown',
    defaultLifetimeSeconds: 36_000,
    notOffered: () => undefined,
    ownHostName: async () => hostname(),
    refusesItself: () => undefined,
    ask,
  }
}

/** The C++ client: REST, and legacy XML after any answer that is not a plain success. */
export const vomsProxyInit2Clients: readonly Client[] = [
  vomsProxyInit2('voms-proxy-init2', 0),
  vomsProxyInit2('voms-proxy-init2, legacy', 1),
]
