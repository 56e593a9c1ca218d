import type { TLSSocket } from 'node:tls'

/**
 * DER of each certificate that the peer sent, in its order. Call it once per connection: the first call may consume
 * the list.
 * @param most how many are read at most; one more is kept, so that the excess is seen
 */
export function sentCertificates(socket: TLSSocket, most: number): readonly Uint8Array[] {
  const sent: Uint8Array[] = []
  for (let link = socket.getPeerX509Certificate(); link !== undefined; link = link.issuerCertificate) {
    sent.push(link.raw)
    if (sent.length > most) break
  }
  return sent
}
