import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { parseNamespaces } from '../../../native-free/policy/parseNamespaces.ts'
import { parseSigningPolicy } from '../../../native-free/policy/parseSigningPolicy.ts'
import type { PolicyFile } from '../../../native-free/proxy/types.ts'
import { Refusal } from '../../../native-free/refusal.ts'
import type { Certificate } from '../../../native-free/x509/certificate.ts'
import type { Crl } from '../../../native-free/x509/crl.ts'
import type { Name } from '../../../native-free/x509/name.ts'
import { nameHash, oldNameHash } from '../../../native-free/x509/nameHash.ts'
import { parseCertificate } from '../../../native-free/x509/parseCertificate.ts'
import { parseCrlInSlices } from '../../../native-free/x509/parseCrl.ts'
import { caDer } from './caDer.ts'
import { crlDer } from './crlDer.ts'
import type { FindingCode } from './finding.ts'
import type { TrustFileKind } from './trustFileName.ts'

export interface CaObject {
  readonly kind: 'ca'
  readonly certificate: Certificate
  readonly fingerprint: string
  readonly spkiFingerprint: string
  /** The two names its files may have: the hash since OpenSSL 1.0, then the older one. */
  readonly hashes: readonly [string, string]
}

export interface CrlObject {
  readonly kind: 'crl'
  readonly crl: Crl
  readonly hashes: readonly [string, string]
  /** What signature checks said, by SPKI fingerprint: mathematics, so it never grows old. */
  readonly verified: Map<string, boolean>
}

export interface PolicyObject {
  readonly kind: 'policy'
  readonly policy: PolicyFile | 'bad'
  /** Kept to tell a file half rewritten from one that was changed on purpose. */
  readonly bytes: Uint8Array
  /** Why it is bad, or what is odd about it. */
  readonly remarks: readonly string[]
}

/** A file whose content is of no use, with what to tell the operator. Known by its digest like the others. */
export interface UselessObject {
  readonly kind: 'useless'
  readonly code: FindingCode
  readonly what: string
  readonly advice: string
}

export type TrustObject = CaObject | CrlObject | PolicyObject | UselessObject

/** Makes of one file's content what its name promises. Never throws for bad content; yields to the loop. */
export async function parseTrustObject(kind: TrustFileKind, bytes: Uint8Array): Promise<TrustObject> {
  try {
    if (kind === 'ca') return parseCa(bytes)
    if (kind === 'crl') return await readCrl(bytes)
    return { kind: 'policy', bytes, ...parsePolicy(kind, bytes) }
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    const advice = ADVICE[kind]
    return {
      kind: 'useless',
      code: 'malformed',
      what: `cannot be read: ${cause.message} (${cause.code})`,
      advice,
    }
  }
}

const ADVICE: Record<TrustFileKind, string> = {
  ca: 'install the CA certificate again (PEM)',
  crl: 'fetch the CRL again',
  signing_policy: 'install the policy file again',
  namespaces: 'install the policy file again',
}

function parseCa(bytes: Uint8Array): TrustObject {
  const certificate = parseCertificate(caDer(bytes))
  if (!mayBeCa(certificate)) {
    const what = 'is the certificate of no CA (basicConstraints)'
    return { kind: 'useless', code: 'not-a-ca', what, advice: 'remove it from the trust directory' }
  }
  return {
    kind: 'ca',
    certificate,
    fingerprint: sha256(certificate.der),
    spkiFingerprint: sha256(certificate.spki),
    hashes: hashesOf(certificate.subject),
  }
}

/** RFC 5280 6.1.4 k; roots older than basicConstraints are anchors by being here. */
function mayBeCa({ basicConstraints, subject, issuer }: Certificate): boolean {
  return basicConstraints?.ca ?? subject.canonical === issuer.canonical
}

async function readCrl(bytes: Uint8Array): Promise<CrlObject> {
  const crl = await parseCrlInSlices(await crlDer(bytes, nextTurn), nextTurn)
  return { kind: 'crl', crl, hashes: hashesOf(crl.issuer), verified: new Map() }
}

function parsePolicy(
  kind: 'signing_policy' | 'namespaces',
  bytes: Uint8Array,
): Pick<PolicyObject, 'policy' | 'remarks'> {
  try {
    const policy = kind === 'namespaces' ? parseNamespaces(bytes) : parseSigningPolicy(bytes)
    return { policy, remarks: policy.warnings }
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    return { policy: 'bad', remarks: [`line ${cause.at}: ${cause.message}`] }
  }
}

function hashesOf(name: Name): [string, string] {
  return [nameHash(name, digestBy('sha1')), oldNameHash(name, digestBy('md5'))]
}

function digestBy(algorithm: 'md5' | 'sha1'): (bytes: Uint8Array) => Uint8Array {
  return bytes => createHash(algorithm).update(bytes).digest()
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
