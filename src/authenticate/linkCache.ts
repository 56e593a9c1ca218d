import { LRUCache } from 'lru-cache'
import type { SignatureQuestion } from '../../native-free/proxy/signatureQuestion.ts'
import type { CacheFigures, CacheLimits } from './cacheLimits.ts'
import type { CertificateCache } from './certificateCache.ts'
import { verifyLink } from './verifyLink.ts'

/**
 * Verified signatures by the SHA-256 of both certificates: pure mathematics, so no change of trust can make an entry
 * wrong. What an installed CA did sign is kept apart from what any client can make up.
 */
export class LinkCache {
  readonly #certificates: CertificateCache
  readonly #byInstalledCa: LRUCache<string, boolean>
  readonly #others: LRUCache<string, boolean>
  #hits = 0
  #misses = 0

  constructor(certificates: CertificateCache, { members, passers }: CacheLimits) {
    this.#certificates = certificates
    this.#byInstalledCa = new LRUCache({ max: members })
    this.#others = new LRUCache({ max: passers })
  }

  /** Whether the issuer's key made the signature on the child. */
  verify({ child, issuer }: SignatureQuestion, isInstalledCa: boolean): boolean {
    const key = this.#certificates.fingerprint(child) + this.#certificates.fingerprint(issuer)
    const known = this.#byInstalledCa.get(key) ?? this.#others.get(key)
    if (known !== undefined) {
      this.#hits++
      return known
    }
    this.#misses++
    const good = this.#compute({ child, issuer })
    const cache = good && isInstalledCa ? this.#byInstalledCa : this.#others
    cache.set(key, good)
    return good
  }

  figures(): CacheFigures {
    return { hits: this.#hits, misses: this.#misses, entries: this.#byInstalledCa.size + this.#others.size }
  }

  #compute({ child, issuer }: SignatureQuestion): boolean {
    try {
      return verifyLink(child, issuer, this.#certificates.publicKey(issuer))
    } catch {
      // A key that OpenSSL cannot read verifies nothing.
      return false
    }
  }
}
