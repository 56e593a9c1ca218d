// The floor: TLS with the daemon's own options, a client certificate asked for, a constant answer once the request's
// header has ended. Nothing is authenticated, looked up or signed. A process of its own:
//   node bench/load/bareServer.ts '{"credentials":[{"certificate":PATH,"key":PATH}],"answerBytes":N}'
// prints its port.
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import { tlsOptions } from '../../src/listen/tlsOptions.ts'

interface Parameters {
  readonly credentials: readonly { readonly certificate: string; readonly key: string }[]
  readonly answerBytes: number
}

const { credentials, answerBytes } = JSON.parse(process.argv[2] ?? '{}') as Parameters
const body = `<voms><ac>${'A'.repeat(answerBytes)}</ac></voms>`
const answer = `HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
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
      if (seen.includes('\r\n\r\n') || seen.includes('</voms>')) socket.end(answer)
    })
    socket.on('error', () => socket.destroy())
  },
)
server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => {
  console.log((server.address() as AddressInfo).port)
})
process.on('SIGTERM', () => process.exit(0))
