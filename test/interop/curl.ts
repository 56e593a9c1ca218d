import { hostname } from 'node:os'
import type { AcAnswer, AcRequest } from './acRequest.ts'
import { MAX_LIFETIME_SECONDS } from './cases.ts'
import { type Client, credentialOf, gridEnvironment, type Place } from './client.ts'
import { run } from './run.ts'

async function ask(request: AcRequest, place: Place): Promise<AcAnswer> {
  const { proxy } = place
  const credential = proxy === undefined ? credentialOf(request, place) : { certificate: proxy, key: proxy }
  const parameters = [
    request.fqans.join(',') === '' ? '' : `fqans=${request.fqans.join(',')}`,
    request.list ? 'fqans=N' : '',
    request.lifetimeSeconds === undefined ? '' : `lifetime=${request.lifetimeSeconds}`,
    request.order === undefined ? '' : `order=${request.order.join(',')}`,
    request.targets === undefined ? '' : `targets=${request.targets.join(',')}`,
  ].filter(parameter => parameter !== '')
  const query = parameters.length > 0 ? `?${parameters.join('&')}` : ''
  const { code, stdout, stderr } = await run(
    'curl',
    [
      ...['--silent', '--show-error', '--max-time', '20', '--write-out', '\n%{http_code}'],
      ...['--cacert', `${place.world.trustDirectory}/test-ca.pem`],
      ...(request.pkcs12
        ? ['--cert-type', 'P12', '--cert', `${place.world.pkcs12.file}:${place.world.pkcs12.password}`]
        : ['--cert', credential.certificate, '--key', credential.key]),
      `https://localhost:${place.port}/generate-ac${query}`,
    ],
    { env: gridEnvironment(place), cwd: place.folder },
  )
  const [, body = '', status = ''] = /^([\s\S]*)\n(\d+)$/.exec(stdout) ?? []
  const base64 = /<ac>([^<]*)<\/ac>/.exec(body)?.[1]
  const bits = /<bitstr>([^<]*)<\/bitstr>/.exec(body)?.[1]
  return {
    // curl itself succeeds with any status.
    code: code === 0 && status !== '200' ? 1 : code,
    output: unescapeXml(`${status} ${body.replace(/<ac>[^<]*<\/ac>/, '')}${stderr}`),
    acs: base64 === undefined ? [] : [new Uint8Array(Buffer.from(base64, 'base64'))],
    proxyFile: undefined,
    listed: bits === undefined ? undefined : Buffer.from(bits, 'base64').toString().trim().split('\n'),
  }
}

function unescapeXml(text: string): string {
  return text
    .replace(/&#(\d+);/g, (_, number) => String.fromCodePoint(Number(number)))
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&')
}

/** Any ordinary HTTP/1.1 client, with curl as the example. It gets an AC, and makes no proxies. */
export const curlClients: readonly Client[] = [
  {
    name: 'curl',
    programs: ['openssl', 'curl'],
    protocol: 'rest',
    unanswered: 0,
    warnings: 'shown',
    defaultLifetimeSeconds: MAX_LIFETIME_SECONDS,
    notOffered: request => (request.proxyType === undefined ? undefined : 'makes no proxies'),
    ownHostName: async () => hostname(),
    refusesItself: () => undefined,
    ask,
  },
]
