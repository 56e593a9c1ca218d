import { LRUCache } from 'lru-cache'
import type { EecVerdict } from '../../native-free/proxy/judgeEec.ts'
import type { TrustSnapshot } from '../../native-free/proxy/types.ts'
import type { EecVerdictStore } from '../../native-free/proxy/validateChain.ts'
import type { Certificate } from '../../native-free/x509/certificate.ts'
import type { Clock } from '../clock.ts'
import type { CacheFigures, CacheLimits } from './cacheLimits.ts'
import type { CertificateCache } from './certificateCache.ts'

/** A CRL can begin to count, or a CA, without any file changing: no verdict is older than this. */
const MAX_VERDICT_SECONDS = 600
/** A refusal is remembered only to spare a client that tries again at once. */
const MAX_REFUSAL_SECONDS = 60

interface Entry {
  readonly verdict: EecVerdict
  readonly expiresAt: number
}

/**
 * What the trust anchors say of an EEC, by its SHA-256, for one snapshot and one policy: a new snapshot empties it,
 * and each authenticator, having one policy, has its own. Never keyed by a name, a serial or another certificate of
 * the list. Holds nothing of proxies.
 */
export class EecVerdictCache {
  readonly #accepted: LRUCache<string, Entry>
  readonly #refused: LRUCache<string, Entry>
  readonly #certificates: CertificateCache
  readonly #clock: Clock
  #snapshot: TrustSnapshot | undefined
  #hits = 0
  #misses = 0

  constructor(certificates: CertificateCache, clock: Clock, { members, refusals }: CacheLimits) {
    this.#certificates = certificates
    this.#clock = clock
    this.#accepted = new LRUCache({ max: members })
    this.#refused = new LRUCache({ max: refusals })
  }

  /** The verdicts under this snapshot; those under any other are forgotten. */
  under(snapshot: TrustSnapshot | undefined): EecVerdictStore {
    if (snapshot !== this.#snapshot) {
      this.#snapshot = snapshot
      this.#accepted.clear()
      this.#refused.clear()
    }
    return { get: eec => this.#get(eec), set: (eec, verdict) => this.#set(eec, verdict) }
  }

  figures(): CacheFigures {
    return { hits: this.#hits, misses: this.#misses, entries: this.#accepted.size + this.#refused.size }
  }

  #get(eec: Certificate): EecVerdict | undefined {
    const key = this.#certificates.fingerprint(eec)
    const entry = this.#accepted.get(key) ?? this.#refused.get(key)
    if (entry === undefined || entry.expiresAt <= this.#clock.now()) {
      this.#misses++
      return undefined
    }
    this.#hits++
    return entry.verdict
  }

  #set(eec: Certificate, verdict: EecVerdict): void {
    const key = this.#certificates.fingerprint(eec)
    const now = this.#clock.now()
    if (verdict.accepted) {
      this.#refused.delete(key)
      this.#accepted.set(key, { verdict, expiresAt: now + MAX_VERDICT_SECONDS })
    } else {
      this.#accepted.delete(key)
      this.#refused.set(key, { verdict, expiresAt: now + MAX_REFUSAL_SECONDS })
    }
  }
}
