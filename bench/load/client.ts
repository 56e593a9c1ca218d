// The load: so many requests over so many connections at once, each on a fresh TLS connection as real VOMS clients do.
// autocannon's own cost per connection is above the server's, so it would be what is measured; this does the TLS
// handshake, one write, one read to the end. A process of its own, so that its processor time is not the server's:
//   node bench/load/client.ts '{"port":N,"credential":{...},"request":"...","count":N,"connections":N}'
// prints a LoadResult as JSON. An answer that does not hold `expect` ends it with status 1.
import { readFileSync } from 'node:fs'
import { connect, createSecureContext } from 'node:tls'
import { quantile } from './statistics.ts'

export interface LoadParameters {
  readonly host?: string
  readonly port: number
  readonly credential: { readonly certificate: string; readonly key: string }
  readonly request: string
  /** Every answer must hold this text. */
  readonly expect: string
  readonly count: number
  readonly connections: number
}

export interface LoadResult {
  readonly count: number
  readonly seconds: number
  readonly milliseconds: Readonly<Record<'p50' | 'p95' | 'p99' | 'p99.9', number>>
}

const p = JSON.parse(process.argv[2] ?? '{}') as LoadParameters
const secureContext = createSecureContext({
  cert: readFileSync(p.credential.certificate),
  key: readFileSync(p.credential.key),
})
const latencies: number[] = []
let started = 0

function one(): Promise<void> {
  const begun = performance.now()
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect({
      host: p.host ?? '127.0.0.1',
      port: p.port,
      secureContext,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    })
    socket.once('secureConnect', () => socket.write(p.request))
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
    })
    socket.once('error', reject)
    socket.once('close', () => {
      if (!text.includes(p.expect)) return reject(new Error(`a wrong answer: ${text.slice(0, 500)}`))
      latencies.push(performance.now() - begun)
      resolve()
    })
  })
}

async function lane(): Promise<void> {
  while (started < p.count) {
    started++
    await one()
  }
}

const begun = performance.now()
await Promise.all(Array.from({ length: p.connections }, lane))
const result: LoadResult = {
  count: latencies.length,
  seconds: (performance.now() - begun) / 1000,
  milliseconds: {
    p50: quantile(latencies, 0.5),
    p95: quantile(latencies, 0.95),
    p99: quantile(latencies, 0.99),
    'p99.9': quantile(latencies, 0.999),
  },
}
console.log(JSON.stringify(result))
