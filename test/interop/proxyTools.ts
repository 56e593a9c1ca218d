import type { Place } from './client.ts'
import { gridEnvironment } from './client.ts'
import { type Finished, run } from './run.ts'

/** What a tool says of the AC in a proxy. */
export interface ProxyReport {
  readonly finished: Finished
  /** As printed, without the NULL parts of the long form. */
  readonly fqans: readonly string[]
  /** `name = value (qualifier)`, as the VOMS tools print them. */
  readonly attributes: readonly string[]
  readonly uri: string | undefined
}

function parseReport(finished: Finished): ProxyReport {
  const values = (label: string) =>
    [...finished.stdout.matchAll(new RegExp(`^${label} *: (.*)$`, 'gm'))].map(([, value]) => value!)
  const lines = values('attribute')
  return {
    finished,
    fqans: lines.filter(line => line.startsWith('/') && !/ = /.test(line)).map(shortForm),
    attributes: [...lines.filter(line => / = /.test(line)), ...values('tag').map(tagAsAttribute)],
    uri: values('uri')[0],
  }
}

/** arcproxy prints `qualifier:name=value`, the VO as a qualifier with a slash before it. */
function tagAsAttribute(tag: string): string {
  const [, qualifier, name, value] = /^([^:]*):([^=]*)=(.*)$/.exec(tag) ?? []
  const isVo = qualifier?.lastIndexOf('/') === 0
  return `${name} = ${value} (${isVo ? qualifier?.slice(1) : qualifier})`
}

/** An FQAN without /Role=NULL and /Capability=NULL. */
export function shortForm(fqan: string): string {
  return fqan.replace(/\/Capability=NULL$/, '').replace(/\/Role=NULL$/, '')
}

/** `voms-proxy-info -all` of either family. */
export async function vomsProxyInfo(
  program: 'voms-proxy-info2' | 'voms-proxy-info3',
  proxyFile: string,
  place: Place,
): Promise<ProxyReport> {
  return parseReport(await run(program, ['-all', '-file', proxyFile], { env: gridEnvironment(place) }))
}

/** `arcproxy -I`. */
export async function arcproxyInfo(proxyFile: string, place: Place): Promise<ProxyReport> {
  const args = ['-I', '-P', proxyFile, '-s', place.world.vomsdir, '-T', place.world.trustDirectory]
  return parseReport(await run('arcproxy', args, { env: gridEnvironment(place) }))
}

/** `voms-verify`: the proxy's chain up to the trust directory. It reads its file from the environment. */
export function vomsVerify(proxyFile: string, place: Place): Promise<Finished> {
  return run('voms-verify', [], { env: gridEnvironment(place, { X509_USER_CERT: proxyFile }) })
}
