import { createServer } from 'node:net'
import type { ListenAddress } from '../config/types.ts'

/** Whether an address could be listened on: binds it and lets it go. Gives the system's error code, if any. */
export function probeAddress({ host, port }: ListenAddress): Promise<string | undefined> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port, ipv6Only: true }, () => server.close(() => resolve(undefined)))
  })
}
