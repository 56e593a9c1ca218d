import { type DerReader, enterWhole } from '../der/reader.ts'
import { contextTag, TAG } from '../der/tag.ts'
import type { Extension } from '../x509/certificate.ts'
import { refuseAc } from './acCode.ts'
import { decodeFullAttributes } from './decodeFullAttributes.ts'
import { decodePolicyAuthority } from './decodePolicyAuthority.ts'
import { decodeTargets } from './decodeTargets.ts'
import {
  OID_AUTHORITY_KEY_IDENTIFIER,
  OID_CERTSEQ,
  OID_FQANS,
  OID_FULL_ATTRIBUTES,
  OID_NO_REV_AVAIL,
  OID_TARGET_INFORMATION,
} from './oids.ts'
import type { AttributeCertificate } from './types.ts'
import { within } from './within.ts'

const CONSTRUCTED_0 = contextTag(0, true)
const DIRECTORY_NAME = contextTag(4, true)
/** RFC 5755 4.2.5. */
const MAX_SERIAL_OCTETS = 20
/** Of certseq: real ones hold one certificate, a few the intermediates too. */
export const MAX_CERTIFICATES = 16

/**
 * Reads an attribute certificate of the VOMS profile (RFC 5755 4), with nothing after it. Takes what every VOMS
 * server emits: long and short FQANs, either holder name, targets in wrapped and in RFC form, an empty generic
 * attribute extension, an issuerUniqueID. Throws Refusal<AcCode>; judges no signature and no date.
 */
export function decodeAc(der: Uint8Array): AttributeCertificate {
  const ac = within('AC_DER', () => enterWhole(der, TAG.sequence))
  const acinfo = within('AC_DER', () => ac.element(TAG.sequence))
  const outerSignatureAlgorithm = within('AC_ALGORITHM', () => readAlgorithm(ac))
  const signature = within('AC_SIGNATURE', () => ac.bitStringOctets())
  within('AC_DER', () => ac.finish())

  const info = enterWhole(acinfo, TAG.sequence)
  within('AC_VERSION', () => info.smallInteger(1, 1))
  const holder = within('AC_HOLDER', () => readHolder(info.enter(TAG.sequence)))
  const issuerName = within('AC_ISSUER', () => readV2Form(info.enter(CONSTRUCTED_0)))
  const signatureAlgorithm = within('AC_ALGORITHM', () => readAlgorithm(info))
  const serial = within('AC_SERIAL', () => readSerial(info))
  const validity = within('AC_VALIDITY', () => readValidity(info.enter(TAG.sequence)))
  const attributes = within('AC_ATTRIBUTES', () => readAttributes(info.enter(TAG.sequence)))
  const issuerUniqueId =
    info.peek() === TAG.bitString ? within('AC_DER', () => info.bitStringOctets()) : undefined
  const extensions = within('AC_EXTENSIONS', () => readExtensions(info.enter(TAG.sequence)))
  within('AC_DER', () => info.finish())

  const value = (oid: string) => extensions.find(extension => extension.oid === oid)?.value
  const full = value(OID_FULL_ATTRIBUTES)
  const certseq = value(OID_CERTSEQ)
  const keyId = value(OID_AUTHORITY_KEY_IDENTIFIER)
  const targets = value(OID_TARGET_INFORMATION)
  return {
    der,
    acinfo,
    ...holder,
    issuerName,
    signatureAlgorithm,
    outerSignatureAlgorithm,
    serial,
    ...validity,
    ...attributes,
    attributes: full === undefined ? [] : decodeFullAttributes(full),
    targets: targets === undefined ? [] : decodeTargets(targets),
    certificates: certseq === undefined ? [] : within('AC_CERTSEQ', () => readCertseq(certseq)),
    authorityKeyIdentifier: keyId === undefined ? undefined : within('AC_KEY_ID', () => readKeyId(keyId)),
    noRevAvail: within('AC_NO_REV_AVAIL', () => readNoRevAvail(value(OID_NO_REV_AVAIL))),
    issuerUniqueId,
    extensions,
    signature,
  }
}

function readAlgorithm(reader: DerReader): { oid: string; der: Uint8Array } {
  const der = reader.element(TAG.sequence)
  const inside = enterWhole(der, TAG.sequence)
  const oid = inside.oid()
  if (!inside.done) inside.skip()
  inside.finish()
  return { oid, der }
}

/** Holder: baseCertificateID alone (RFC 5755 4.2.2), without issuerUID. */
function readHolder(holder: DerReader): { holderName: Uint8Array; holderSerial: Uint8Array } {
  const base = holder.enter(CONSTRUCTED_0)
  const holderName = readDirectoryName(base)
  const holderSerial = base.integerOctets()
  base.finish()
  holder.finish()
  return { holderName, holderSerial }
}

/** V2Form: issuerName alone (RFC 5755 4.2.3). */
function readV2Form(form: DerReader): Uint8Array {
  const name = readDirectoryName(form)
  form.finish()
  return name
}

/** GeneralNames with one directoryName; gives the Name. */
function readDirectoryName(reader: DerReader): Uint8Array {
  const names = reader.enter(TAG.sequence)
  const directory = names.enter(DIRECTORY_NAME)
  const name = directory.element(TAG.sequence)
  directory.finish()
  names.finish()
  return name
}

function readSerial(info: DerReader): Uint8Array {
  const serial = info.integerOctets()
  if (serial[0]! >= 0x80) throw refuseAc('AC_SERIAL', 'the serial is negative')
  if (serial.length > MAX_SERIAL_OCTETS) throw refuseAc('AC_SERIAL', 'the serial has more than 20 octets')
  return serial
}

function readValidity(period: DerReader): { notBefore: number; notAfter: number } {
  const notBefore = period.generalizedTime()
  const notAfter = period.generalizedTime()
  period.finish()
  return { notBefore, notAfter }
}

/** One attribute of the FQAN type with one IetfAttrSyntax value (RFC 5755 4.4). */
function readAttributes(attributes: DerReader): { vo: string; uri: string; fqans: readonly string[] } {
  const attribute = attributes.enter(TAG.sequence)
  attributes.finish()
  if (attribute.oid() !== OID_FQANS) throw refuseAc('AC_ATTRIBUTES', 'the attribute is not the VOMS one')
  const values = attribute.enter(TAG.set)
  attribute.finish()
  const syntax = values.enter(TAG.sequence)
  values.finish()
  const authority = within('AC_POLICY_AUTHORITY', () => decodePolicyAuthority(syntax.enter(CONSTRUCTED_0)))
  const texts = syntax.enter(TAG.sequence)
  syntax.finish()
  const fqans: string[] = []
  while (!texts.done) fqans.push(readFqan(texts.octetString()))
  if (fqans.length === 0) throw refuseAc('AC_ATTRIBUTES', 'no FQAN')
  return { ...authority, fqans }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function readFqan(octets: Uint8Array): string {
  try {
    return utf8.decode(octets)
  } catch {
    throw refuseAc('AC_TEXT', 'an FQAN is not UTF-8')
  }
}

function readExtensions(reader: DerReader): readonly Extension[] {
  const extensions: Extension[] = []
  const seen = new Set<string>()
  while (!reader.done) {
    const extension = readExtension(reader.enter(TAG.sequence))
    if (seen.has(extension.oid)) throw refuseAc('AC_EXTENSIONS', `extension ${extension.oid} occurs twice`)
    seen.add(extension.oid)
    extensions.push(extension)
  }
  return extensions
}

function readExtension(reader: DerReader): Extension {
  const oid = reader.oid()
  const critical = reader.peek() === TAG.boolean
  // DER leaves a default out (X.690 11.5), so a FALSE that is written is refused.
  if (critical && !reader.boolean()) throw refuseAc('AC_EXTENSIONS', 'critical is written FALSE')
  const value = reader.octetString()
  reader.finish()
  return { oid, critical, value }
}

function readCertseq(value: Uint8Array): readonly Uint8Array[] {
  const outer = enterWhole(value, TAG.sequence)
  const list = outer.enter(TAG.sequence)
  outer.finish()
  const certificates: Uint8Array[] = []
  while (!list.done) certificates.push(list.element(TAG.sequence))
  if (certificates.length > MAX_CERTIFICATES) throw refuseAc('AC_CERTSEQ', 'more than 16 certificates')
  return certificates
}

/** The keyIdentifier of an AuthorityKeyIdentifier (RFC 5280 4.2.1.1), which may name issuer and serial too. */
function readKeyId(value: Uint8Array): Uint8Array | undefined {
  const reader = enterWhole(value, TAG.sequence)
  const keyId = reader.optional(contextTag(0, false))
  if (reader.peek() === contextTag(1, true)) reader.skip()
  if (reader.peek() === contextTag(2, false)) reader.skip()
  reader.finish()
  return keyId
}

function readNoRevAvail(value: Uint8Array | undefined): boolean {
  if (value === undefined) return false
  if (value.length !== 2 || value[0] !== TAG.null || value[1] !== 0) {
    throw refuseAc('AC_NO_REV_AVAIL', 'noRevAvail is not NULL')
  }
  return true
}
