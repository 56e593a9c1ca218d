import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What happens on the way to a server. blackHole: nothing arrives on either side, and nothing is closed. reset: every
 * answer is cut in the middle by a reset. slow: every answer takes `slowMs` longer. cut: connections are closed and
 * no new one is taken.
 */
export type WayFault = 'blackHole' | 'reset' | 'slow' | 'cut'

export interface FaultProxy {
  readonly port: number
  /**
   * From now on; undefined: all is well again, and what was held back goes on. Only of connections whose first octets
   * hold `mark`, where one is given.
   */
  set(fault: WayFault | undefined, mark?: string): void
  close(): Promise<void>
}

interface Way {
  readonly client: Socket
  readonly server: Socket
  /** What the client said first. */
  first: string
}

export interface FaultProxyOptions {
  readonly slowMs?: number
}

/** Stands between clients and the server that listens on `target`. */
export async function openFaultProxy(
  target: { readonly host: string; readonly port: number },
  { slowMs = 10_000 }: FaultProxyOptions = {},
): Promise<FaultProxy> {
  const ways = new Set<Way>()
  let fault: WayFault | undefined
  let mark: string | undefined
  let lifted = Promise.withResolvers<void>()

  const concerns = (way: Way) => mark === undefined || way.first.includes(mark)
  const faultOf = (way: Way) => (concerns(way) ? fault : undefined)

  function end(way: Way): void {
    ways.delete(way)
    way.client.destroy()
    way.server.destroy()
  }

  async function carry(way: Way, from: Socket, to: Socket): Promise<void> {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      while (faultOf(way) === 'blackHole') await lifted.promise
      if (from === way.server && faultOf(way) === 'slow') await Promise.race([sleep(slowMs), lifted.promise])
      if (from === way.server && faultOf(way) === 'reset') {
        to.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), () => to.resetAndDestroy())
        return
      }
      to.write(chunk)
    }
    to.end()
  }

  const listener = createServer(client => {
    if (fault === 'cut' && mark === undefined) return client.destroy()
    const way: Way = { client, server: connect(target.port, target.host), first: '' }
    ways.add(way)
    for (const socket of [client, way.server]) {
      socket.on('error', () => end(way))
      socket.once('close', () => end(way))
    }
    client.once('data', chunk => {
      way.first = chunk.toString('latin1')
      if (faultOf(way) === 'cut') return end(way)
      way.server.write(chunk)
      void carry(way, client, way.server).catch(() => end(way))
      void carry(way, way.server, client).catch(() => end(way))
    })
  })
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(0, '127.0.0.1', resolve)
  })
  const { port } = listener.address() as { port: number }

  return {
    port,
    set(next, of) {
      fault = next
      mark = of
      lifted.resolve()
      lifted = Promise.withResolvers()
      if (next === 'cut') for (const way of ways) if (concerns(way)) end(way)
    },
    async close() {
      listener.close()
      lifted.resolve()
      fault = undefined
      for (const way of ways) end(way)
    },
  }
}
