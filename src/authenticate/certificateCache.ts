import { createPublicKey, hash, type KeyObject } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Certificate } from '../../native-free/x509/certificate.ts'
import { parseCertificate } from '../../native-free/x509/parseCertificate.ts'
import type { CacheFigures, CacheLimits } from './cacheLimits.ts'

/** What a parsed certificate and its key come to in memory, beside what follows. */
const OVERHEAD_OCTETS = 6 * 1024
/** For each octet of DER: itself, and the canonical form of a name that is most of it. */
const PER_DER_OCTET = 3
/** Small parts of the DER are far larger as objects: what one attribute of a name, or one extension, takes. */
const PER_ATTRIBUTE = 640
const PER_EXTENSION = 192

/** An estimate from above: clients choose what is in their certificates, and the bound is on true memory. */
function memoryOf({ der, subject, issuer, extensions }: Certificate): number {
  let attributes = 0
  for (const { rdns } of [subject, issuer]) for (const rdn of rdns) attributes += rdn.length
  const objects = PER_ATTRIBUTE * attributes + PER_EXTENSION * extensions.length
  return OVERHEAD_OCTETS + PER_DER_OCTET * der.length + objects
}

interface Facts {
  readonly fingerprint: string
  publicKey: KeyObject | undefined
}

/**
 * Parsed certificates by SHA-256 of their DER, with their keys. What has not been accepted yet and all proxies live
 * apart from accepted EECs: they cost a client nothing to make, so they evict only each other.
 */
export class CertificateCache {
  readonly #members: LRUCache<string, Certificate>
  readonly #passers: LRUCache<string, Certificate>
  readonly #facts = new WeakMap<Certificate, Facts>()
  #hits = 0
  #misses = 0

  constructor({ parsed, passers, octets }: CacheLimits) {
    const bounds = { maxSize: octets, sizeCalculation: memoryOf }
    this.#members = new LRUCache({ ...bounds, max: parsed })
    this.#passers = new LRUCache({ ...bounds, max: passers })
  }

  /** As parseCertificate, whose refusals it passes on. */
  parse(der: Uint8Array): Certificate {
    const fingerprint = sha256(der)
    const known = this.#members.get(fingerprint) ?? this.#passers.get(fingerprint)
    if (known !== undefined) {
      this.#hits++
      return known
    }
    this.#misses++
    // A copy: the caller's buffer may be a view on a larger one, or change.
    const certificate = parseCertificate(new Uint8Array(der))
    this.#facts.set(certificate, { fingerprint, publicKey: undefined })
    this.#passers.set(fingerprint, certificate)
    return certificate
  }

  /** Moves an EEC that was accepted to where only other accepted ones can evict it. */
  keepMember(eec: Certificate): void {
    const fingerprint = this.fingerprint(eec)
    if (this.#members.has(fingerprint)) return
    this.#passers.delete(fingerprint)
    this.#members.set(fingerprint, eec)
  }

  /** Hex SHA-256 of the DER; for certificates of a snapshot too, which never were in the cache. */
  fingerprint(certificate: Certificate): string {
    return this.#factsOf(certificate).fingerprint
  }

  /** The key, decoded once. Throws for a key that OpenSSL cannot read. */
  publicKey(certificate: Certificate): KeyObject {
    const facts = this.#factsOf(certificate)
    facts.publicKey ??= createPublicKey({ key: Buffer.from(certificate.spki), format: 'der', type: 'spki' })
    return facts.publicKey
  }

  figures(): CacheFigures {
    return { hits: this.#hits, misses: this.#misses, entries: this.#members.size + this.#passers.size }
  }

  #factsOf(certificate: Certificate): Facts {
    const known = this.#facts.get(certificate)
    if (known !== undefined) return known
    const facts: Facts = { fingerprint: sha256(certificate.der), publicKey: undefined }
    this.#facts.set(certificate, facts)
    return facts
  }
}

const sha256 = (bytes: Uint8Array) => hash('sha256', bytes, 'hex')
