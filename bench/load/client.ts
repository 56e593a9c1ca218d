// The load: so many requests over so many connections at once, each on a fresh TLS connection as real VOMS clients do.
// autocannon's own cost per connection is above the server's, so it would be what is measured; this does the TLS
// handshake, one write, one read to the end. A process of its own, so that its processor time is not the server's:
//   node bench/load/client.ts '{"port":N,"credential":{...},"request":"...","count":N,"connections":N}'
// prints a LoadResult as JSON. An answer that does not hold `expect` ends it with status 1.
import { askOnce } from './askOnce.ts'
import { runLanes } from './runLanes.ts'
import { secureContextOf } from './secureContextOf.ts'

export interface LoadParameters {
  readonly host?: string
  readonly port: number
  readonly credential: { readonly certificate: string; readonly key: string }
  readonly request: string
  /** Every answer must hold this text. */
  readonly expect: string
  readonly count: number
  readonly connections: number
  /** Groups that the client offers; OpenSSL's own without it. */
  readonly ecdhCurve?: string
}

const { credential, count, connections, ecdhCurve, ...ask } = JSON.parse(
  process.argv[2] ?? '{}',
) as LoadParameters
const secureContext = secureContextOf(credential, ecdhCurve)
console.log(JSON.stringify(await runLanes(count, connections, () => askOnce({ ...ask, secureContext }))))
