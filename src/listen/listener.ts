import type { Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import type { LimitsConfig, RateLimits } from '../config/types.ts'
import { Admission, type Admitted, type OpenConnections, type Shed } from './admission.ts'
import {
  type Answerer,
  type ConnectionEvents,
  type ConnectionHandler,
  createConnectionHandler,
} from './connection.ts'
import type { Descriptors } from './descriptors.ts'
import { type FirstRecord, readFirstRecord } from './firstRecord.ts'
import type { Pace, Source, Waiter } from './pace.ts'

/** How connections are served; each keeps what it began with. */
export interface ListenerSettings {
  /** TLS for new connections; see tlsOptions(). */
  readonly secureContext: SecureContext
  readonly limits: LimitsConfig
  /** The VO's own. */
  readonly rates: RateLimits
  /** How many certificates of a client's list are kept at most. */
  readonly maxSentCerts: number
  /** 0: every connection closes after its answer. */
  readonly keepAliveSeconds: number
}

/** What happens on a port outside of any request. */
export interface ListenerEvents {
  shed(reason: Shed | 'deadline', address?: string): void
  handshakeDone(seconds: number): void
  handshakeFailed(error: Error, address: string): void
  handshakeTimedOut(address: string): void
  /** The system took an answer, so long after it was made. */
  answerWritten(seconds: number): void
}

/** What stands behind one VO's ports. */
export interface Listener {
  /** Takes a connection that a port accepted. */
  accept(raw: Socket, from: Source): void
  /** Connections that are open now. */
  open(): OpenConnections
  /** Swaps the settings for new connections; kept ones that are idle are closed. */
  change(settings: ListenerSettings): void
  /** Lets what is open finish within the time, then cuts it. */
  drain(drainMs: number): Promise<void>
}

export interface ListenerDeps {
  /** Milliseconds from anywhere, never going back. */
  readonly monotonic: () => number
  /** Those of the process. */
  readonly descriptors: Descriptors
  readonly pace: Pace
}

/** Admits connections, puts TLS on each one that is admitted, and hands those that got through to the answerer. */
export function createListener(
  settings: ListenerSettings,
  answerer: Answerer,
  events: ListenerEvents,
  { monotonic, descriptors, pace }: ListenerDeps,
): Listener {
  const admission = new Admission(
    { ...settings.limits, ...settings.rates },
    { monotonic, descriptors, onShed: events.shed, onFinished: () => lane.finished() },
  )
  const connectionEvents: ConnectionEvents = {
    answerWritten: events.answerWritten,
    cut: () => events.shed('deadline'),
  }
  let current = settings
  let handler = createConnectionHandler(settings, answerer, connectionEvents)

  const lane = pace.lane(() => current.limits.maxWaitMilliseconds)

  function accept(raw: Socket, from: Source): void {
    lane.accepted(from)
    raw.on('error', ignore)
    if (lane.full()) {
      events.shed('stale')
      raw.destroy()
      return
    }
    const admitted = admission.admit(raw)
    if (admitted !== undefined) lane.enter(new Arrival(admitted))
  }

  class Arrival implements Waiter {
    readonly admitted: Admitted
    #first: FirstRecord | undefined
    constructor(admitted: Admitted) {
      this.admitted = admitted
    }
    get since(): number {
      return this.admitted.since
    }
    hear(spoken: () => void): void {
      const { raw, address } = this.admitted
      const deadline = setTimeout(() => {
        events.handshakeTimedOut(address)
        raw.destroy()
      }, current.limits.handshakeSeconds * 1000)
      const heard = () => clearTimeout(deadline)
      raw.once('close', heard)
      this.admitted.unheard()
      this.#first = readFirstRecord(raw, () => {
        raw.off('close', heard)
        heard()
        this.admitted.heard()
        spoken()
      })
    }
    giveUp(): void {
      events.shed('stale', this.admitted.address)
      this.admitted.raw.destroy()
    }
    begin(): void {
      const { raw } = this.admitted
      if (raw.destroyed || !this.admitted.begin()) {
        lane.finished()
        return
      }
      this.#first?.giveBack()
      const { secureContext, limits } = current
      secure(this.admitted, secureContext, limits.handshakeSeconds * 1000, handler)
    }
  }

  function secure(
    admitted: Admitted,
    secureContext: SecureContext,
    handshakeMs: number,
    { handle }: ConnectionHandler,
  ): void {
    const { raw, address } = admitted
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
      admitted.established()
      socket.off('error', failed)
      socket.off('end', gone)
      handle(socket, admitted)
    })
  }

  return {
    accept,
    open: () => admission.figures(),
    change(next) {
      admission.limits = { ...next.limits, ...next.rates }
      handler.retire()
      handler = createConnectionHandler(next, answerer, connectionEvents)
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

function ignore(): void {}
