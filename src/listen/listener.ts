import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import type { LimitsConfig, ListenAddress } from '../config/types.ts'
import { Admission, type Shed } from './admission.ts'
import { type Answerer, createConnectionHandler } from './connection.ts'
import { type TlsCredential, tlsOptions } from './tlsOptions.ts'

export interface ListenerOptions {
  readonly addresses: readonly ListenAddress[]
  readonly credentials: readonly TlsCredential[]
  readonly limits: LimitsConfig
  /** How many certificates of a client's list are kept at most. */
  readonly maxSentCerts: number
  /** 0: every connection closes after its answer. */
  readonly keepAliveSeconds: number
}

/** What happens on a port outside of any request. */
export interface ListenerEvents {
  shed(reason: Shed): void
  handshakeFailed(error: Error, address: string): void
}

/** One VO's port. */
export interface Listener {
  /** Where it listens, in the order of the configured addresses; ports of 0 are resolved. */
  readonly addresses: readonly ListenAddress[]
  /** Swaps the TLS credentials for new connections; those that are open keep theirs. */
  setCredentials(credentials: readonly TlsCredential[]): void
  /** Stops accepting, lets what is open finish within the time, then cuts it. */
  close(drainMs: number): Promise<void>
}

/**
 * Opens a VO's port: a plain listener that admits connections, and TLS put on each one that is admitted.
 * Rejects with the system's error (EADDRINUSE ...) when an address cannot be had.
 */
export async function openListener(
  options: ListenerOptions,
  answerer: Answerer,
  events: ListenerEvents,
): Promise<Listener> {
  const { limits } = options
  const admission = new Admission(limits, events.shed)
  const handler = createConnectionHandler(options, answerer)
  let secureContext = makeContext(options.credentials)

  const accept = (raw: Socket) => {
    raw.on('error', () => {})
    if (!admission.admit(raw)) return
    const address = raw.remoteAddress ?? ''
    const socket = new TLSSocket(raw, {
      isServer: true,
      secureContext,
      requestCert: true,
      rejectUnauthorized: false,
    })
    const deadline = setTimeout(() => socket.destroy(), limits.handshakeSeconds * 1000)
    const failed = (error: Error) => {
      events.handshakeFailed(error, address)
      socket.destroy()
    }
    socket.once('error', failed)
    socket.once('close', () => clearTimeout(deadline))
    socket.once('secure', () => {
      clearTimeout(deadline)
      admission.established(raw)
      socket.off('error', failed)
      handler.handle(socket)
    })
  }

  const servers: Server[] = []
  const addresses: ListenAddress[] = []
  try {
    for (const address of options.addresses) {
      const server = createServer({ noDelay: true, allowHalfOpen: true }, accept)
      servers.push(server)
      addresses.push(await listen(server, address))
    }
  } catch (error) {
    for (const server of servers) server.close()
    throw error
  }

  return {
    addresses,
    setCredentials(credentials) {
      secureContext = makeContext(credentials)
    },
    async close(drainMs) {
      const closed = servers.map(server => new Promise(resolve => server.close(resolve)))
      handler.closeIdle()
      const force = setTimeout(() => admission.destroyAll(), drainMs)
      await Promise.all(closed)
      clearTimeout(force)
    },
  }
}

function makeContext(credentials: readonly TlsCredential[]): SecureContext {
  return createSecureContext(tlsOptions(credentials))
}

function listen(server: Server, address: ListenAddress): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // ipv6Only lets 0.0.0.0 and :: stand side by side as two addresses of one port.
    server.listen({ ...address, ipv6Only: address.host.includes(':'), backlog: 1024 }, () => {
      server.off('error', reject)
      server.on('error', () => {})
      resolve({ host: address.host, port: (server.address() as AddressInfo).port })
    })
  })
}
