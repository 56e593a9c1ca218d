import type { TLSSocket } from 'node:tls'

/** What the TLS layer knows of the peer, taken once per connection. */
export interface PeerChain {
  /** DER of each certificate exactly as sent: order, duplicates and strangers included; empty when none. */
  readonly sent: readonly Uint8Array[]
  readonly sessionReused: boolean
  readonly address: string
  readonly tlsVersion: string
}

/**
 * Reads the peer's certificate list. Call it once per connection: the first call may consume the list.
 * @param most how many certificates are read at most; one more is kept, so that the excess is seen
 */
export function readPeerChain(socket: TLSSocket, most: number): PeerChain {
  const sent: Uint8Array[] = []
  for (let link = socket.getPeerX509Certificate(); link !== undefined; link = link.issuerCertificate) {
    sent.push(link.raw)
    if (sent.length > most) break
  }
  return {
    sent,
    sessionReused: socket.isSessionReused(),
    address: socket.remoteAddress ?? '',
    tlsVersion: socket.getProtocol() ?? '',
  }
}
