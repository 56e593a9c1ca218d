import { createHash } from 'node:crypto'
import { parseNamespaces } from '../../native-free/policy/parseNamespaces.ts'
import { parseSigningPolicy } from '../../native-free/policy/parseSigningPolicy.ts'
import type { PolicyFile, TrustedCa, TrustedCrl, TrustSnapshot } from '../../native-free/proxy/types.ts'
import { Refusal } from '../../native-free/refusal.ts'
import { parseCertificate } from '../../native-free/x509/parseCertificate.ts'
import { parseCrl } from '../../native-free/x509/parseCrl.ts'
import { verifyCrlSignature } from '../../src/authenticate/trust/verifyCrlSignature.ts'
import type { Credential } from '../pki/issueCertificate.ts'
import type { TrustEntry } from '../pki/trustDirectory.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** A snapshot of these CAs without any file: what a trust directory of the same entries comes to. */
export async function memoryTrust(
  entries: readonly (TrustEntry & { readonly ca: Pick<Credential, 'der' | 'pem' | 'subject'> })[],
  generation = 1,
): Promise<TrustSnapshot> {
  const cas = entries.map(({ ca }): TrustedCa => {
    const certificate = parseCertificate(ca.der)
    // CAs of one name share their files, which bear its hash.
    const sameName = entries.filter(one => Buffer.from(one.ca.subject).equals(ca.subject))
    const signingPolicy = sameName.find(one => one.signingPolicy !== undefined)?.signingPolicy
    const namespaces = sameName.find(one => one.namespaces !== undefined)?.namespaces
    return {
      certificate,
      fingerprint: sha256(ca.der),
      spkiFingerprint: sha256(certificate.spki),
      signingPolicy: policyFile(signingPolicy, parseSigningPolicy),
      namespaces: policyFile(namespaces, parseNamespaces),
    }
  })
  const crls: [string, TrustedCrl][] = []
  for (const crl of entries.flatMap(entry => entry.crls ?? [])) {
    if (typeof crl === 'string') throw new Error('CRLs in memory are DER')
    crls.push(await trustedCrl(crl, cas))
  }
  return {
    generation,
    cas,
    casBySubject: name => cas.filter(ca => ca.certificate.subject.canonical === name),
    crlsByIssuer: name => crls.filter(([issuer]) => issuer === name).map(([, crl]) => crl),
    hasUnreadableCrl: () => false,
  }
}

function policyFile(
  text: string | undefined,
  parse: (file: Uint8Array) => PolicyFile,
): PolicyFile | 'bad' | undefined {
  if (text === undefined) return undefined
  try {
    return parse(new TextEncoder().encode(text))
  } catch (cause) {
    if (cause instanceof Refusal) return 'bad'
    throw cause
  }
}

async function trustedCrl(der: Uint8Array, cas: readonly TrustedCa[]): Promise<[string, TrustedCrl]> {
  const crl = parseCrl(der)
  const verifiedBy = new Set<string>()
  for (const ca of cas) {
    if (ca.certificate.subject.canonical !== crl.issuer.canonical) continue
    if (await verifyCrlSignature(crl, ca.certificate.spki)) verifiedBy.add(ca.spkiFingerprint)
  }
  const isListed = (serial: Uint8Array) => crl.isListed(serial)
  return [
    crl.issuer.canonical,
    { ...crl, isListed, signatureAlgorithmOid: crl.signatureAlgorithm.oid, verifiedBy },
  ]
}
