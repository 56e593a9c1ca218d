import type { Socket } from 'node:net'

export interface AdmissionLimits {
  /** Connections open at once, handshakes included. */
  readonly maxConnections: number
  /** TLS handshakes in progress at once. */
  readonly maxHandshakes: number
}

export interface OpenConnections {
  readonly handshaking: number
  readonly established: number
}

export type Shed = 'connections' | 'pending_tls'

/**
 * Bounds what unproven peers may hold, before TLS costs anything: above `maxConnections` a new connection is
 * closed at once; above `maxHandshakes` the handshake that has been pending longest makes room, so that a
 * crowd of stalled clients cannot keep an honest one out.
 */
export class Admission {
  /** May be changed at any time; what is open already stays. */
  limits: AdmissionLimits
  readonly #onShed: (reason: Shed) => void
  readonly #open = new Set<Socket>()
  // A Set iterates in insertion order: its first member is the oldest handshake.
  readonly #handshaking = new Set<Socket>()
  readonly #onEmpty: (() => void)[] = []

  constructor(limits: AdmissionLimits, onShed: (reason: Shed) => void) {
    this.limits = limits
    this.#onShed = onShed
  }

  figures(): OpenConnections {
    const handshaking = this.#handshaking.size
    return { handshaking, established: this.#open.size - handshaking }
  }

  /** Admits the raw connection, or destroys it and answers false. */
  admit(socket: Socket): boolean {
    if (this.#open.size >= this.limits.maxConnections) {
      this.#onShed('connections')
      socket.destroy()
      return false
    }
    if (this.#handshaking.size >= this.limits.maxHandshakes) {
      const [oldest] = this.#handshaking
      this.#onShed('pending_tls')
      if (oldest !== undefined) {
        this.#handshaking.delete(oldest)
        oldest.destroy()
      }
    }
    this.#open.add(socket)
    this.#handshaking.add(socket)
    socket.once('close', () => {
      this.#open.delete(socket)
      this.#handshaking.delete(socket)
      if (this.#open.size === 0) for (const tell of this.#onEmpty.splice(0)) tell()
    })
    return true
  }

  /** The handshake on this raw connection is over. */
  established(socket: Socket): void {
    this.#handshaking.delete(socket)
  }

  /** Resolves when nothing is open. */
  async empty(): Promise<void> {
    if (this.#open.size > 0) await new Promise<void>(resolve => this.#onEmpty.push(resolve))
  }

  /** Destroys whatever is still open. */
  destroyAll(): void {
    for (const socket of this.#open) socket.destroy()
  }
}
