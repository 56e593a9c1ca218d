import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { ListenAddress } from '../config/types.ts'

/** An address as the configuration has it, and what tells it from every other, ports of 0 included. */
export interface Place {
  readonly key: string
  readonly address: ListenAddress
  /** Connections that the kernel queues before they are accepted. */
  readonly backlog: number
}

/** Makes a server listen at a place. Rejects with the system's error (EADDRINUSE ...). */
export type ListenOn = (server: Server, place: Place) => Promise<void>

/** One address that is listened on. Who serves it may change while it is open. */
export interface Port {
  /** Where it listens; a port of 0 is resolved. */
  readonly address: ListenAddress
  /** From now on connections go to `accept`. Those that came before anybody served them come first. */
  serve(accept: (raw: Socket) => void): void
  /** Stops accepting; resolves when the last connection has ended. */
  close(): Promise<void>
}

/** Opens a port that nobody serves yet: its connections wait for serve(), or are cut by close(). */
export async function openPort(place: Place, listenOn: ListenOn = listenDirectly): Promise<Port> {
  const waiting = new Set<Socket>()
  let accept = (raw: Socket) => {
    waiting.add(raw)
    raw.on('error', () => {})
    raw.once('close', () => waiting.delete(raw))
  }
  const server = createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true }, raw =>
    accept(raw),
  )
  await listenOn(server, place)
  server.on('error', () => {})
  return {
    address: { host: place.address.host, port: (server.address() as AddressInfo).port },
    serve(next) {
      accept = next
      for (const raw of waiting) if (!raw.destroyed) next(raw)
      waiting.clear()
    },
    close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const raw of waiting) raw.destroy()
      return closed
    },
  }
}

/** ListenOn by this process itself. */
export const listenDirectly: ListenOn = (server, { address, backlog }) =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    // ipv6Only lets 0.0.0.0 and :: stand side by side as two addresses of one port.
    server.listen({ ...address, ipv6Only: address.host.includes(':'), backlog }, () => {
      server.off('error', reject)
      resolve()
    })
  })
