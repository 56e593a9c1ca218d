import type { Socket } from 'node:net'

/** How long an ended connection is still read, so that unread input does not turn our FIN into a reset. */
const LINGER_MS = 500

/**
 * Ends the connection: close_notify and FIN after what was written, input discarded meanwhile. The socket is
 * freed when the peer closes too, or LINGER_MS after the last octet left: some clients never close first.
 */
export function closeGently(socket: Socket): void {
  if (socket.destroyed) return
  socket.removeAllListeners('data')
  socket.on('data', () => {})
  socket.once('end', () => socket.destroySoon())
  socket.once('finish', () => {
    const timer = setTimeout(() => socket.destroy(), LINGER_MS)
    socket.once('close', () => clearTimeout(timer))
  })
  socket.resume()
  socket.end()
}
