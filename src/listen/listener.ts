import type { Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import type { LimitsConfig } from '../config/types.ts'
import { Admission, type OpenConnections, type Shed } from './admission.ts'
import { type Answerer, type ConnectionHandler, createConnectionHandler } from './connection.ts'

/** How connections are served; each keeps what it began with. */
export interface ListenerSettings {
  /** TLS for new connections; see tlsOptions(). */
  readonly secureContext: SecureContext
  readonly limits: LimitsConfig
  /** How many certificates of a client's list are kept at most. */
  readonly maxSentCerts: number
  /** 0: every connection closes after its answer. */
  readonly keepAliveSeconds: number
}

/** What happens on a port outside of any request. */
export interface ListenerEvents {
  shed(reason: Shed): void
  handshakeDone(seconds: number): void
  handshakeFailed(error: Error, address: string): void
  handshakeTimedOut(address: string): void
  /** The system took an answer, so long after it was made. */
  answerWritten(seconds: number): void
}

/** What stands behind one VO's ports. */
export interface Listener {
  /** Takes a connection that a port accepted. */
  accept(raw: Socket): void
  /** Connections that are open now. */
  open(): OpenConnections
  /** Swaps the settings for new connections; kept ones that are idle are closed. */
  change(settings: ListenerSettings): void
  /** Lets what is open finish within the time, then cuts it. */
  drain(drainMs: number): Promise<void>
}

/** Admits connections, puts TLS on each one that is admitted, and hands those that got through to the answerer. */
export function createListener(
  settings: ListenerSettings,
  answerer: Answerer,
  events: ListenerEvents,
): Listener {
  const admission = new Admission(settings.limits, events.shed)
  let current = settings
  let handler = createConnectionHandler(settings, answerer, events.answerWritten)

  function accept(raw: Socket): void {
    raw.on('error', () => {})
    if (!admission.admit(raw)) return
    const { secureContext, limits } = current
    secure(raw, secureContext, limits.handshakeSeconds * 1000, handler)
  }

  function secure(
    raw: Socket,
    secureContext: SecureContext,
    handshakeMs: number,
    { handle }: ConnectionHandler,
  ): void {
    const address = raw.remoteAddress ?? ''
    const socket = new TLSSocket(raw, {
      isServer: true,
      secureContext,
      requestCert: true,
      rejectUnauthorized: false,
    })
    const since = performance.now()
    const deadline = setTimeout(() => {
      events.handshakeTimedOut(address)
      socket.destroy()
    }, handshakeMs)
    const failed = (error: Error) => {
      events.handshakeFailed(error, address)
      socket.destroy()
    }
    const gone = () => socket.destroy()
    socket.once('error', failed)
    socket.once('end', gone)
    socket.once('close', () => clearTimeout(deadline))
    socket.once('secure', () => {
      clearTimeout(deadline)
      events.handshakeDone((performance.now() - since) / 1000)
      admission.established(raw)
      socket.off('error', failed)
      socket.off('end', gone)
      handle(socket)
    })
  }

  return {
    accept,
    open: () => admission.figures(),
    change(next) {
      admission.limits = next.limits
      handler.retire()
      handler = createConnectionHandler(next, answerer, events.answerWritten)
      current = next
    },
    async drain(drainMs) {
      handler.retire()
      const force = setTimeout(() => admission.destroyAll(), drainMs)
      await admission.empty()
      clearTimeout(force)
    },
  }
}
