import { statSync } from 'node:fs'
import { decodeAc } from '../../../native-free/ac/decodeAc.ts'
import { extractAcs } from '../../../native-free/ac/extractAcs.ts'
import type { AttributeCertificate } from '../../../native-free/ac/types.ts'
import { isProxyKind, kindOf } from '../../../native-free/proxy/kindOf.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import type { Certificate } from '../../../native-free/x509/certificate.ts'
import { ClientError } from '../../client/ClientError.ts'
import { readPemCertificates, readUserFile } from '../../client/readPemCertificates.ts'
import { shellQuote } from '../../client/shellQuote.ts'
import { findEec } from '../describeCertificate.ts'

/** A proxy file, read but not judged. */
export interface ProxyFile {
  readonly path: string
  /** Leaf first. */
  readonly chain: readonly [Certificate, ...Certificate[]]
  readonly eec: Certificate | undefined
  /** Of the first certificate that carries any. */
  readonly acs: readonly AttributeCertificate[]
  /** ACs that cannot be read, and a file that others may read. */
  readonly faults: readonly string[]
  /** Earliest end of the chain, seconds since the epoch. */
  readonly validUntil: number
}

/** Reads a proxy file. Throws ClientError 'proxy' when there is none, or 'credential' for a file that is none. */
export function readProxy(path: string): ProxyFile {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) throw new ClientError('proxy', `there is no proxy: ${path} does not exist`)
  const [leaf, ...rest] = readPemCertificates(readUserFile(path), path)
  if (leaf === undefined) throw new ClientError('proxy', `${path} holds no certificate`)
  if (!isProxyKind(kindOf(leaf))) {
    throw new ClientError('proxy', `${path} holds no proxy`, '`vouchd inspect` shows other certificates')
  }
  const chain = [leaf, ...rest] as const
  const { acs, faults } = readAcs(chain)
  const mode = (stat.mode & 0o777).toString(8).padStart(4, '0')
  const open = `${path} may be used by others (mode ${mode}); chmod 0600 ${shellQuote(path)}`
  return {
    path,
    chain,
    eec: findEec(chain),
    acs,
    faults: (stat.mode & 0o077) === 0 ? faults : [...faults, open],
    validUntil: Math.min(...chain.map(({ notAfter }) => notAfter)),
  }
}

function readAcs(chain: readonly Certificate[]): { acs: AttributeCertificate[]; faults: string[] } {
  for (const certificate of chain) {
    try {
      const ders = extractAcs(certificate)
      if (ders.length > 0) return readEach(ders)
    } catch (cause) {
      return { acs: [], faults: [unreadable(cause)] }
    }
  }
  return { acs: [], faults: [] }
}

function readEach(ders: readonly Uint8Array[]): { acs: AttributeCertificate[]; faults: string[] } {
  const acs: AttributeCertificate[] = []
  const faults: string[] = []
  for (const der of ders) {
    try {
      acs.push(decodeAc(der))
    } catch (cause) {
      faults.push(unreadable(cause))
    }
  }
  return { acs, faults }
}

function unreadable(cause: unknown): string {
  if (!(cause instanceof Refusal)) throw cause
  return `an AC cannot be read: ${cause.message} (${cause.code})`
}
