import net from 'node:net'
import type { ListenAddress } from '../config/types.ts'

/** A socket that is bound and not yet accepted from; workers listen on it, however many come and go. */
export interface ListenHandle {
  close(): void
}

interface NativeHandle extends ListenHandle {
  getsockname(out: { address?: string; port?: number }): number
}

// What node:cluster itself makes its shared handles with. Nothing documented gives a process a listening socket
// without accepting from it, and the primary of node:cluster lets go of a socket with the last of its workers:
// all workers dying at once would close the port.
const createServerHandle = (
  net as unknown as {
    _createServerHandle(
      address: string | null,
      port: number,
      addressType: number,
      fd?: number,
      flags?: number,
    ): NativeHandle | number
  }
)._createServerHandle

/** UV_TCP_IPV6ONLY: lets 0.0.0.0 and :: stand side by side as two addresses of one port. */
const IPV6_ONLY = 1

/** Binds a numeric address. Gives undefined when the system refuses; probeAddress() tells why. */
export function bindHandle({ host, port }: ListenAddress): ListenHandle | undefined {
  const six = host.includes(':')
  const handle = createServerHandle(host, port, six ? 6 : 4, undefined, six ? IPV6_ONLY : 0)
  if (typeof handle === 'number') return undefined
  // The system tells of an address in use only later, and would then listen on another port.
  if (port !== 0 && addressOf(handle)?.port !== port) {
    handle.close()
    return undefined
  }
  return handle
}

/** A socket that another process opened for this one, and the address it is bound to; undefined: it is none. */
export function adoptHandle(
  fd: number,
): { readonly handle: ListenHandle; readonly address: ListenAddress } | undefined {
  let handle: NativeHandle | number
  try {
    handle = createServerHandle(null, 0, -1, fd)
  } catch {
    return undefined
  }
  if (typeof handle === 'number') return undefined
  const address = addressOf(handle)
  return address === undefined ? undefined : { handle, address }
}

function addressOf(handle: NativeHandle): ListenAddress | undefined {
  const out: { address?: string; port?: number } = {}
  if (typeof handle.getsockname !== 'function' || handle.getsockname(out) !== 0) return undefined
  return out.address === undefined || out.port === undefined
    ? undefined
    : { host: out.address, port: out.port }
}
