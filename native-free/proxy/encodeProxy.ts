import { encodeAcExtension } from '../ac/extractAcs.ts'
import { OID_AC_SEQUENCE } from '../ac/oids.ts'
import { concatBytes } from '../bytes/concat.ts'
import { enterWhole } from '../der/reader.ts'
import { TAG } from '../der/tag.ts'
import {
  bitString,
  boolean,
  explicit,
  integer,
  namedBits,
  octetString,
  oid,
  printableString,
  sequence,
  set,
  time,
} from '../der/writer.ts'
import { Refusal } from '../refusal.ts'
import type { Certificate } from '../x509/certificate.ts'
import { KEY_USAGE } from '../x509/certificate.ts'
import { OID } from './extensionOids.ts'
import { POLICY_LANGUAGE } from './proxyCertInfo.ts'

/** What a new RFC 3820 proxy certificate shall say. */
export interface ProxyContent {
  /** The EEC or proxy that issues it. */
  readonly issuer: Pick<Certificate, 'subject' | 'keyUsage'>
  /** Octets of the serial, a positive number that no other proxy of this issuer has; its decimal form is the new CN. */
  readonly serial: Uint8Array
  /** Seconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** SubjectPublicKeyInfo of the proxy's own key, and whether that is an RSA key. */
  readonly spki: Uint8Array
  readonly isRsa: boolean
  readonly limited: boolean
  /** How many proxies may be made from this one; undefined: any number. */
  readonly pathLength: number | undefined
  /** DER of the ACs that it carries, in order. */
  readonly acs: readonly Uint8Array[]
  /** DER of the AlgorithmIdentifier that the issuer signs with. */
  readonly signatureAlgorithm: Uint8Array
}

const CN = '2.5.4.3'

/**
 * The to-be-signed part of a proxy certificate (RFC 3820 3): the issuer's subject plus one CN, keyUsage and
 * proxyCertInfo critical, the ACs in the VOMS extension. Throws Refusal PROXY_CONTENT for what no verifier would take.
 */
export function encodeProxyTbs(content: ProxyContent): Uint8Array {
  const { issuer, serial, notBefore, notAfter, spki, signatureAlgorithm } = content
  if (issuer.subject.rdns.length === 0) throw refuse('the issuer has no subject')
  if (notBefore >= notAfter) throw refuse('it would end before it begins')
  if (serial.every(octet => octet === 0)) throw refuse('the serial is zero')
  return sequence(
    explicit(0, integer(2)),
    integer(serial),
    signatureAlgorithm,
    issuer.subject.der,
    sequence(time(notBefore), time(notAfter)),
    proxySubject(issuer.subject.der, serial),
    spki,
    explicit(3, sequence(...extensions(content))),
  )
}

/** A certificate from what was signed, the AlgorithmIdentifier that it names inside, and the signature. */
export function assembleCertificate(
  tbs: Uint8Array,
  signatureAlgorithm: Uint8Array,
  signature: Uint8Array,
): Uint8Array {
  return sequence(tbs, signatureAlgorithm, bitString(signature))
}

function proxySubject(issuerName: Uint8Array, serial: Uint8Array): Uint8Array {
  const decimal = BigInt(`0x${Array.from(serial, hexOctet).join('')}`).toString()
  const cn = set(sequence(oid(CN), printableString(decimal)))
  return sequence(concatBytes(...rdnsOf(issuerName), cn))
}

function hexOctet(octet: number): string {
  return octet.toString(16).padStart(2, '0')
}

/** The RDNs as they stand in the issuer's Name: never encoded anew. */
function rdnsOf(name: Uint8Array): Uint8Array[] {
  const reader = enterWhole(name, TAG.sequence)
  const rdns: Uint8Array[] = []
  while (!reader.done) rdns.push(reader.element(TAG.set))
  return rdns
}

function extensions(content: ProxyContent): Uint8Array[] {
  const { acs } = content
  return [
    extension(OID.keyUsage, true, namedBits(proxyKeyUsage(content))),
    extension(OID.rfcProxy, true, proxyCertInfo(content)),
    ...(acs.length === 0 ? [] : [extension(OID_AC_SEQUENCE, false, encodeAcExtension(acs))]),
  ]
}

/** No more than the issuer may do, and nothing that a proxy has no use for (RFC 3820 3.6); always signatures. */
function proxyKeyUsage({ issuer, isRsa }: ProxyContent): number {
  const { digitalSignature, keyEncipherment, dataEncipherment } = KEY_USAGE
  const granted = issuer.keyUsage ?? digitalSignature | keyEncipherment
  if ((granted & digitalSignature) === 0) throw refuse('the issuer may not be used for signatures')
  return isRsa ? granted & (digitalSignature | keyEncipherment | dataEncipherment) : digitalSignature
}

function proxyCertInfo({ limited, pathLength }: ProxyContent): Uint8Array {
  const language = limited ? POLICY_LANGUAGE.limited : POLICY_LANGUAGE.inheritAll
  const length = pathLength === undefined ? [] : [integer(pathLength)]
  return sequence(...length, sequence(oid(language)))
}

function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value))
}

function refuse(message: string): Refusal<'PROXY_CONTENT'> {
  return new Refusal('PROXY_CONTENT', message)
}
