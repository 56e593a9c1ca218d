import type { Socket } from 'node:net'
import { RateLimit } from '../rateLimit.ts'
import { addressKey } from './addressKey.ts'
import type { Descriptors } from './descriptors.ts'

export interface AdmissionLimits {
  /** Connections open at once, handshakes included. */
  readonly maxConnections: number
  /** Connections at once whose request has not come yet, handshakes included. */
  readonly maxHandshakes: number
  /** 0 is no limit, here and below. */
  readonly connectionsPerMinute: number
  readonly addressConnectionsPerMinute: number
  /** Open at once. */
  readonly addressConnections: number
}

export interface OpenConnections {
  readonly handshaking: number
  readonly established: number
}

export type Shed = 'connections' | 'pending_tls' | 'rate' | 'concurrency' | 'fd' | 'stale'

export interface AdmissionDeps {
  /** Milliseconds from anywhere, never going back. */
  readonly monotonic: () => number
  /** Shared by all of the process. */
  readonly descriptors: Descriptors
  onShed(reason: Shed, address: string): void
  /** The request of one that began has come, or will not. */
  onFinished(): void
}

/** One connection from its admission to its end. */
export interface Admitted {
  readonly raw: Socket
  readonly address: string
  /** When it came, by the monotonic clock. */
  readonly since: number
  /** Nothing is done for it before its client speaks: it makes room before those for whom something was. */
  unheard(): void
  /** Its client has spoken. */
  heard(): void
  /** Its handshake begins. False: there is no room for it, and it was destroyed. */
  begin(): boolean
  /** Its handshake is over. */
  established(): void
  /** Its request has come: it makes room for nobody any more. */
  asked(): void
}

/** One that was asked to make room this often without having moved is given up; others are spared meanwhile. */
const LOOKS = 32
/** Below this age, one whose octets move is taken for an honest client at work, and its work is not thrown away. */
const AT_WORK_MS = 300

/**
 * Bounds what unproven peers may hold, before TLS costs anything. Whoever is over a rate, or beyond the connections of
 * his address, is closed at once. Above `maxHandshakes`, `maxConnections` or the process's file descriptors, the
 * connection that has been pending longest without moving an octet makes room, so that a crowd of stalled clients
 * cannot keep an honest one out; when all of them move, the newcomer is closed, since a handshake that is half done
 * is worth more than one that has not begun. Whoever has not spoken, and is waited for, makes room before all others
 * once he had the time to.
 */
export class Admission {
  /** May be changed at any time; what is open already stays. */
  limits: AdmissionLimits
  readonly #deps: AdmissionDeps
  readonly #open = new Set<Entry>()
  /** Whose request has not come, the one that was looked at longest ago first: a Set iterates in insertion order. */
  readonly #pending = new Set<Entry>()
  /** Whose client has not spoken, and who wait for that; the oldest first. */
  readonly #unheard = new Set<Entry>()
  readonly #byAddress = new Map<string, number>()
  readonly #addressRate: RateLimit
  readonly #rate: RateLimit
  #handshaking = 0
  readonly #onEmpty: (() => void)[] = []

  constructor(limits: AdmissionLimits, deps: AdmissionDeps) {
    this.limits = limits
    this.#deps = deps
    this.#addressRate = new RateLimit(deps.monotonic)
    this.#rate = new RateLimit(deps.monotonic, 1)
    deps.descriptors.holders.add(this)
  }

  figures(): OpenConnections {
    return { handshaking: this.#handshaking, established: this.#open.size - this.#handshaking }
  }

  /** How many could make room. */
  get pending(): number {
    return this.#unheard.size + this.#pending.size
  }

  /** Admits the raw connection, or destroys it and answers undefined. */
  admit(raw: Socket): Admitted | undefined {
    const address = raw.remoteAddress ?? ''
    const key = addressKey(address)
    const reason = this.#refusal(key)
    if (reason !== undefined) {
      this.#deps.onShed(reason, address)
      raw.destroy()
      return undefined
    }
    const entry = new Entry(raw, address, this.#deps.monotonic(), this)
    this.#open.add(entry)
    this.#handshaking++
    this.#byAddress.set(key, (this.#byAddress.get(key) ?? 0) + 1)
    this.#deps.descriptors.used++
    raw.once('close', () => this.#gone(entry, key))
    return entry
  }

  #refusal(key: string): Shed | undefined {
    const { limits } = this
    const { descriptors } = this.#deps
    if (!this.#addressRate.take(key, limits.addressConnectionsPerMinute)) return 'rate'
    if (limits.addressConnections > 0 && (this.#byAddress.get(key) ?? 0) >= limits.addressConnections) {
      return 'concurrency'
    }
    // Last of the three: what an address has beyond its own share is not taken from all others.
    if (!this.#rate.take('', limits.connectionsPerMinute)) return 'rate'
    if (descriptors.used >= descriptors.most && !mostPending(descriptors)?.makeRoom('fd')) return 'fd'
    if (this.#open.size >= limits.maxConnections && !this.makeRoom('connections')) return 'connections'
    return undefined
  }

  begin(entry: Entry): boolean {
    if (this.#pending.size >= this.limits.maxHandshakes && !this.#close(this.#stalled(), 'pending_tls')) {
      this.#deps.onShed('pending_tls', entry.address)
      entry.raw.destroy()
      return false
    }
    this.#pending.add(entry)
    return true
  }

  unheard(entry: Entry): void {
    this.#unheard.add(entry)
  }

  heard(entry: Entry): void {
    this.#unheard.delete(entry)
  }

  /** Closes the connection that has been still for longest before its request; false when there is none. */
  makeRoom(reason: Shed): boolean {
    const [silent] = this.#unheard
    const before = this.#deps.monotonic() - AT_WORK_MS
    if (silent !== undefined && silent.since < before) return this.#close(silent, reason)
    const stalled = this.#stalled()
    const isYoung = stalled === undefined || stalled.since >= before
    return this.#close(isYoung ? (silent ?? stalled) : stalled, reason)
  }

  #close(entry: Entry | undefined, reason: Shed): boolean {
    if (entry === undefined) return false
    this.#deps.onShed(reason, entry.address)
    this.asked(entry)
    // Counted here and not when it has closed: room is wanted now.
    this.#free(entry)
    entry.raw.destroy()
    return true
  }

  /** A second chance for each that has moved since it was last looked at. */
  #stalled(): Entry | undefined {
    const youngest = this.#deps.monotonic() - AT_WORK_MS
    let old: Entry | undefined
    let looks = Math.min(LOOKS, this.#pending.size)
    for (const entry of this.#pending) {
      if (looks-- === 0) break
      const { bytesRead } = entry.raw
      if (bytesRead === entry.seen) return entry
      if (entry.since < youngest) old ??= entry
      entry.seen = bytesRead
      this.#pending.delete(entry)
      this.#pending.add(entry)
    }
    return old
  }

  established(entry: Entry): void {
    if (entry.handshaking) this.#handshaking--
    entry.handshaking = false
  }

  asked(entry: Entry): void {
    this.#unheard.delete(entry)
    if (this.#pending.delete(entry)) this.#deps.onFinished()
  }

  #free(entry: Entry): void {
    if (!this.#open.delete(entry)) return
    this.#deps.descriptors.used--
    this.established(entry)
  }

  #gone(entry: Entry, key: string): void {
    this.asked(entry)
    this.#free(entry)
    const others = this.#byAddress.get(key)! - 1
    if (others > 0) this.#byAddress.set(key, others)
    else this.#byAddress.delete(key)
    if (this.#open.size === 0) for (const tell of this.#onEmpty.splice(0)) tell()
  }

  /** Resolves when nothing is open. */
  async empty(): Promise<void> {
    if (this.#open.size > 0) await new Promise<void>(resolve => this.#onEmpty.push(resolve))
    this.#deps.descriptors.holders.delete(this)
  }

  /** Destroys whatever is still open. */
  destroyAll(): void {
    for (const { raw } of this.#open) raw.destroy()
  }
}

class Entry implements Admitted {
  readonly raw: Socket
  readonly address: string
  readonly since: number
  /** Octets that had come when it was last looked at. */
  seen = 0
  handshaking = true
  readonly #admission: Admission

  constructor(raw: Socket, address: string, since: number, admission: Admission) {
    this.raw = raw
    this.address = address
    this.since = since
    this.#admission = admission
  }

  unheard(): void {
    this.#admission.unheard(this)
  }

  heard(): void {
    this.#admission.heard(this)
  }

  begin(): boolean {
    return this.#admission.begin(this)
  }

  established(): void {
    this.#admission.established(this)
  }

  asked(): void {
    this.#admission.asked(this)
  }
}

function mostPending({ holders }: Descriptors): Admission | undefined {
  let most: Admission | undefined
  for (const each of holders) if (most === undefined || each.pending > most.pending) most = each
  return most
}
