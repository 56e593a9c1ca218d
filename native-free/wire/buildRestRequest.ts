import { Refusal } from '../refusal.ts'
import type { AcRequest } from './types.ts'

/** What a client sends: the request target and the header fields, for any HTTP client that closes afterwards. */
export interface RestRequest {
  readonly method: 'GET'
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
}

/** What goes into a query as it is: VOMS servers decode no percent signs. */
const PLAIN = /^[0-9A-Za-z_./:=-]*$/

const HOST = /^[0-9A-Za-z_.:-]*$/

/**
 * Builds a REST request (docs/protocol.md 2.1). Without `fqans` the server grants plain membership.
 * @param host,port the server's, as its vomses line has them
 * @throws Refusal REQUEST_CHARACTER for a value that cannot be sent unescaped
 */
export function buildRestRequest(request: AcRequest, host: string, port: number): RestRequest {
  const pieces = [
    request.fqans.length > 0 ? `fqans=${list(request.fqans)}` : '',
    request.lifetimeSeconds === undefined ? '' : `lifetime=${request.lifetimeSeconds}`,
    request.order === undefined ? '' : `order=${list(request.order)}`,
    request.targets.length > 0 ? `targets=${list(request.targets)}` : '',
  ].filter(piece => piece !== '')
  if (host === '' || !HOST.test(host)) throw new Refusal('REQUEST_CHARACTER', 'not a host name or address')
  const authority = host.includes(':') ? `[${host}]` : host
  return {
    method: 'GET',
    target: pieces.length > 0 ? `/generate-ac?${pieces.join('&')}` : '/generate-ac',
    headers: { Host: `${authority}:${port}`, 'User-Agent': 'vouchd', Accept: '*/*', Connection: 'close' },
  }
}

/** The same as bytes for a TLS connection, HTTP/1.1 with CRLF. */
export function formatRestRequest(request: RestRequest): Uint8Array {
  const fields = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return new TextEncoder().encode(`${request.method} ${request.target} HTTP/1.1\r\n${fields.join('')}\r\n`)
}

function list(values: readonly string[]): string {
  const bad = values.find(value => !PLAIN.test(value))
  if (bad !== undefined) throw new Refusal('REQUEST_CHARACTER', `cannot be sent: ${bad.slice(0, 100)}`)
  return values.join(',')
}
