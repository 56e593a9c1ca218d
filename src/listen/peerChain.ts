import type { TLSSocket } from 'node:tls'
import { sentCertificates } from './sentCertificates.ts'

/** What the TLS layer knows of the peer, taken once per connection. */
export interface PeerChain {
  /** DER of each certificate exactly as sent: order, duplicates and strangers included; empty when none. */
  readonly sent: readonly Uint8Array[]
  readonly sessionReused: boolean
  readonly address: string
  readonly tlsVersion: string
}

/**
 * Reads who is at the other end. Call it once per connection.
 * @param address the peer's, as it was when the connection was accepted
 * @param most how many certificates are read at most; one more is kept, so that the excess is seen
 */
export function readPeerChain(socket: TLSSocket, address: string, most: number): PeerChain {
  return {
    sent: sentCertificates(socket, most),
    sessionReused: socket.isSessionReused(),
    address,
    tlsVersion: socket.getProtocol() ?? '',
  }
}
