// The floor: TLS with the daemon's own options, a client certificate asked for, a constant answer once the request's
// header has ended. Nothing is authenticated, looked up or signed. A process of its own:
//   node bench/load/bareServer.ts '{"credentials":[{"certificate":PATH,"key":PATH}],"answerOctets":{"rest":N,"legacy":N}}'
// prints its port.
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import { tlsOptions } from '../../src/listen/tlsOptions.ts'

/** Of the whole answer, its header included. */
export type AnswerOctets = Readonly<Record<'rest' | 'legacy', number>>

interface Parameters {
  readonly credentials: readonly { readonly certificate: string; readonly key: string }[]
  readonly answerOctets: AnswerOctets
}

const { credentials, answerOctets } = JSON.parse(process.argv[2] ?? '{}') as Parameters
const answers = { rest: answerOf(answerOctets.rest), legacy: answerOf(answerOctets.legacy) }
const pems = credentials.map(({ certificate, key }) => ({
  certificate: readFileSync(certificate),
  key: readFileSync(key),
}))

const server = createServer(
  { ...tlsOptions(pems), requestCert: true, rejectUnauthorized: false, noDelay: true },
  socket => {
    let seen = ''
    socket.on('data', chunk => {
      seen += chunk.toString('latin1')
      if (seen.includes('\r\n\r\n')) socket.end(answers.rest)
      else if (seen.includes('</voms>')) socket.end(answers.legacy)
    })
    socket.on('error', () => socket.destroy())
  },
)
server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => {
  console.log((server.address() as AddressInfo).port)
})
process.on('SIGTERM', () => process.exit(0))

/** Of so many octets, and no shorter than its header with an empty AC. */
function answerOf(octets: number): string {
  const [begin, end] = ['<voms><ac>', '</ac></voms>']
  const head = (length: number) =>
    `HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`
  const length = Math.max(begin.length + end.length, octets - head(octets).length)
  return head(length) + begin.padEnd(length - end.length, 'A') + end
}
