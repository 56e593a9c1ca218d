import { refuseAc } from './acCode.ts'
import type { AcTemplate } from './acTemplate.ts'
import { DER_OID_FQANS, DER_OID_FULL_ATTRIBUTES, DER_OID_TARGET_INFORMATION } from './oids.ts'
import { putBytes, putHeader, putText, putTime, putTlv, TIME_SIZE, tlvSize, utf8Size } from './putDer.ts'
import type { AcContent, GenericAttribute } from './types.ts'

/** Far above any real AC (hundreds of FQANs), and small enough for three length octets everywhere. */
const MAX_TBS_SIZE = 1 << 20

/**
 * The AttributeCertificateInfo (RFC 5755 4.1, VOMS profile) of one AC as DER: every length is computed first,
 * then all is written once, forwards, into one buffer. Judges nothing but what cannot be written: a target
 * outside ASCII, or more than 1 MiB. The lint judges the rest.
 */
export function encodeTbs(template: AcTemplate, content: AcContent): Uint8Array {
  const holder = sizeHolder(content)
  const serial = positiveInteger(content.serial)
  const values = sizeTexts(content.fqans)
  const ietf = template.policyAuthority.length + tlvSize(values)
  const attribute = DER_OID_FQANS.length + tlvSize(tlvSize(ietf))
  const providers = content.attributes.length === 0 ? 0 : sizeAttributes(content.attributes)
  const targets = content.targets.length === 0 ? 0 : sizeTargets(content.targets)
  const full = providers === 0 ? 0 : sizeFull(template, providers)
  const extensions =
    template.extensions.length +
    (full === 0 ? 0 : tlvSize(sizeExtension(DER_OID_FULL_ATTRIBUTES, full))) +
    (targets === 0 ? 0 : tlvSize(sizeExtension(DER_OID_TARGET_INFORMATION, tlvSize(tlvSize(targets))) + 3))
  const tbs =
    VERSION_2.length +
    tlvSize(holder) +
    template.issuerAndAlgorithm.length +
    tlvSize(serial.length) +
    tlvSize(2 * TIME_SIZE) +
    tlvSize(tlvSize(attribute)) +
    tlvSize(extensions)
  if (tbs > MAX_TBS_SIZE) throw refuseAc('AC_TOO_LARGE', `an AC of ${tbs} octets is not made`)

  const out = new Uint8Array(tlvSize(tbs))
  let at = putHeader(out, 0, 0x30, tbs)
  at = putBytes(out, at, VERSION_2)
  at = putHolder(out, at, content, holder)
  at = putBytes(out, at, template.issuerAndAlgorithm)
  at = putTlv(out, at, 0x02, serial)
  at = putHeader(out, at, 0x30, 2 * TIME_SIZE)
  at = putTime(out, at, content.notBefore)
  at = putTime(out, at, content.notAfter)
  at = putHeader(out, at, 0x30, tlvSize(attribute))
  at = putHeader(out, at, 0x30, attribute)
  at = putBytes(out, at, DER_OID_FQANS)
  at = putHeader(out, at, 0x31, tlvSize(ietf))
  at = putHeader(out, at, 0x30, ietf)
  at = putBytes(out, at, template.policyAuthority)
  at = putHeader(out, at, 0x30, values)
  for (const fqan of content.fqans) at = putText(out, at, 0x04, fqan)
  at = putHeader(out, at, 0x30, extensions)
  if (full !== 0) at = putFull(out, at, template, content.attributes, full, providers)
  at = putBytes(out, at, template.extensions)
  if (targets !== 0) putTargets(out, at, content.targets, targets)
  return out
}

const VERSION_2 = Uint8Array.of(0x02, 1, 1)

/**
 * The shortest INTEGER content of octets that mean a positive number: random octets may begin with zeros,
 * which DER forbids, or with a one bit, which would make the number negative.
 */
function positiveInteger(octets: Uint8Array): Uint8Array {
  let start = 0
  while (start < octets.length - 1 && octets[start] === 0) start++
  if (octets.length > 0 && octets[start]! < 0x80) return start === 0 ? octets : octets.subarray(start)
  const out = new Uint8Array(octets.length - start + 1)
  out.set(octets.subarray(start), 1)
  return out
}

/** Holder content: [0] baseCertificateID { issuer GeneralNames { [4] Name }, serial }; RFC 5755 4.2.2. */
function sizeHolder(content: AcContent): number {
  return tlvSize(sizeBaseCertificateId(content))
}

function sizeBaseCertificateId(content: AcContent): number {
  return tlvSize(tlvSize(content.holderName.length)) + tlvSize(content.holderSerial.length)
}

function putHolder(out: Uint8Array, start: number, content: AcContent, size: number): number {
  let at = putHeader(out, start, 0x30, size)
  at = putHeader(out, at, 0xa0, sizeBaseCertificateId(content))
  at = putHeader(out, at, 0x30, tlvSize(content.holderName.length))
  at = putTlv(out, at, 0xa4, content.holderName)
  return putTlv(out, at, 0x02, content.holderSerial)
}

/** Content of a SEQUENCE OF OCTET STRING. */
function sizeTexts(texts: readonly string[]): number {
  let size = 0
  for (const text of texts) size += tlvSize(utf8Size(text))
  return size
}

/** An extension's content without `critical` (which adds 3 octets), around a value of `value` octets. */
function sizeExtension(oid: Uint8Array, value: number): number {
  return oid.length + tlvSize(value)
}

function sizeAttribute(attribute: GenericAttribute): number {
  return (
    tlvSize(utf8Size(attribute.name)) +
    tlvSize(utf8Size(attribute.value)) +
    tlvSize(utf8Size(attribute.qualifier))
  )
}

/** Content of the SEQUENCE OF generic attributes. */
function sizeAttributes(attributes: readonly GenericAttribute[]): number {
  let size = 0
  for (const attribute of attributes) size += tlvSize(sizeAttribute(attribute))
  return size
}

/** The value of the full attributes extension: SEQUENCE { SEQUENCE OF { SEQUENCE { grantor, attributes } } }. */
function sizeFull(template: AcTemplate, attributes: number): number {
  return tlvSize(tlvSize(tlvSize(template.grantor.length + tlvSize(attributes))))
}

function putFull(
  out: Uint8Array,
  start: number,
  template: AcTemplate,
  attributes: readonly GenericAttribute[],
  full: number,
  attributesSize: number,
): number {
  const provider = template.grantor.length + tlvSize(attributesSize)
  let at = putHeader(out, start, 0x30, sizeExtension(DER_OID_FULL_ATTRIBUTES, full))
  at = putBytes(out, at, DER_OID_FULL_ATTRIBUTES)
  at = putHeader(out, at, 0x04, full)
  at = putHeader(out, at, 0x30, tlvSize(tlvSize(provider)))
  at = putHeader(out, at, 0x30, tlvSize(provider))
  at = putHeader(out, at, 0x30, provider)
  at = putBytes(out, at, template.grantor)
  at = putHeader(out, at, 0x30, attributesSize)
  for (const attribute of attributes) {
    at = putHeader(out, at, 0x30, sizeAttribute(attribute))
    at = putText(out, at, 0x04, attribute.name)
    at = putText(out, at, 0x04, attribute.value)
    at = putText(out, at, 0x04, attribute.qualifier)
  }
  return at
}

/** Content of Targets: for each, SEQUENCE { [0] EXPLICIT [6] URI }, the extra SEQUENCE being what clients read. */
function sizeTargets(targets: readonly string[]): number {
  let size = 0
  for (const target of targets) size += sizeTarget(target)
  return size
}

function sizeTarget(target: string): number {
  for (let i = 0; i < target.length; i++) {
    if (target.charCodeAt(i) >= 0x80) throw refuseAc('AC_TEXT', 'a target has a character outside ASCII')
  }
  return tlvSize(tlvSize(tlvSize(target.length)))
}

function putTargets(out: Uint8Array, start: number, targets: readonly string[], size: number): number {
  const value = tlvSize(tlvSize(size))
  let at = putHeader(out, start, 0x30, sizeExtension(DER_OID_TARGET_INFORMATION, value) + 3)
  at = putBytes(out, at, DER_OID_TARGET_INFORMATION)
  at = putBytes(out, at, CRITICAL)
  at = putHeader(out, at, 0x04, value)
  at = putHeader(out, at, 0x30, tlvSize(size))
  at = putHeader(out, at, 0x30, size)
  for (const target of targets) {
    at = putHeader(out, at, 0x30, tlvSize(tlvSize(target.length)))
    at = putHeader(out, at, 0xa0, tlvSize(target.length))
    at = putText(out, at, 0x86, target)
  }
  return at
}

const CRITICAL = Uint8Array.of(0x01, 1, 0xff)
