import { readFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Credential } from './world.ts'

/**
 * A port that closes the first `unanswered` connections after their request, without an answer, and passes all
 * further ones on to `port`: what a client meets at a server that speaks the legacy protocol only.
 */
export async function startUnansweredFront(host: Credential, port: number, unanswered: number) {
  const [cert, key] = await Promise.all([readFile(host.certificate), readFile(host.key)])
  const sockets = new Set<Socket>()
  let left = unanswered
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    if (left > 0) {
      left -= 1
      const options = { isServer: true, cert, key, requestCert: true, rejectUnauthorized: false }
      const tls = new TLSSocket(socket, options)
      // The C++ client announces itself by one octet before its request.
      tls.on('error', () => {}).on('data', chunk => chunk.length > 1 && tls.destroy())
    } else {
      const onward = connect(port, '127.0.0.1')
      onward.on('error', () => socket.destroy())
      socket.on('close', () => onward.destroy())
      socket.pipe(onward).pipe(socket)
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    /** True when every connection that was to go unanswered came. */
    spent: () => left === 0,
    stop: () =>
      new Promise<void>(resolve => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}
