import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { ListenAddress } from '../config/types.ts'
import type { Source } from './pace.ts'

/** An address as the configuration has it, and what tells it from every other, ports of 0 included. */
export interface Place {
  readonly key: string
  readonly address: ListenAddress
  /** Connections that the kernel queues before they are accepted. */
  readonly backlog: number
}

/** Makes a server listen at a place. Rejects with the system's error (EADDRINUSE ...). */
export interface ListenOn {
  (server: Server, place: Place): Promise<void>
  /** Several servers of this process may listen at one place. */
  readonly repeatable?: boolean
}

/** One address that is listened on. Who serves it may change while it is open. */
export interface Port extends Source {
  /** Where it listens; a port of 0 is resolved. */
  readonly address: ListenAddress
  /** From now on connections go to `accept`. Those that came before anybody served them come first. */
  serve(accept: Accept): void
  /** Stops accepting; resolves when the last connection has ended. */
  close(): Promise<void>
}

export type Accept = (raw: Socket, from: Source) => void

/** Opens a port that nobody serves yet: its connections wait for serve(), or are cut by close(). */
export async function openPort(place: Place, listenOn: ListenOn = listenDirectly): Promise<Port> {
  const waiting = new Set<Socket>()
  let accept: Accept = raw => {
    waiting.add(raw)
    raw.on('error', () => {})
    raw.once('close', () => waiting.delete(raw))
  }
  const further: Server[] = []
  let wanted = 0
  let widening = false

  /** One that waits before TLS is not read: what its client sent stays in the kernel. */
  const newServer = () =>
    createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true }, raw => accept(raw, port))

  /** One after the other: whoever holds the socket hands it out for one question at a time. */
  async function reach(): Promise<void> {
    if (widening) return
    widening = true
    while (further.length < wanted) {
      const next = newServer()
      try {
        await listenOn(next, place)
      } catch {
        // Those that are there go on by themselves.
        wanted = Math.min(wanted, further.length)
        break
      }
      next.on('error', () => {})
      further.push(next)
    }
    widening = false
    trim()
  }

  function trim(): void {
    for (const each of further.splice(wanted)) each.close()
  }

  const server = newServer()
  await listenOn(server, place)
  server.on('error', () => {})
  const port: Port = {
    address: { host: place.address.host, port: (server.address() as AddressInfo).port },
    serve(next) {
      accept = next
      for (const raw of waiting) if (!raw.destroyed) next(raw, port)
      waiting.clear()
    },
    widen(perTurn) {
      if (listenOn.repeatable !== true || !server.listening) return
      wanted = perTurn - 1
      void reach()
    },
    close() {
      port.widen(1)
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const raw of waiting) raw.destroy()
      return closed
    },
  }
  return port
}

/** ListenOn by this process itself. */
export const listenDirectly: ListenOn = async (server, { address, backlog }) => {
  // ipv6Only lets 0.0.0.0 and :: stand side by side as two addresses of one port.
  await once(server.listen({ ...address, ipv6Only: address.host.includes(':'), backlog }), 'listening')
}
