import {
  DER_OID_AUTHORITY_KEY_IDENTIFIER,
  DER_OID_CERTSEQ,
  DER_OID_FULL_ATTRIBUTES,
  DER_OID_NO_REV_AVAIL,
  DER_OID_TARGET_INFORMATION,
} from '../ac/oids.ts'
import { TAG } from '../der/tag.ts'
import { type Elements, NONE } from './elements.ts'

/** One Extension by the numbers of its elements. */
export interface ExtensionFields {
  readonly oid: number
  readonly critical: boolean
  /** The OCTET STRING. */
  readonly value: number
}

/** The fields of AttributeCertificateInfo by the numbers of their elements; NONE where the order runs out. */
export interface TbsFields {
  readonly version: number
  readonly holder: number
  readonly issuer: number
  readonly signature: number
  readonly serialNumber: number
  readonly validity: number
  readonly attributes: number
  readonly extensions: number
  /** What follows the extensions: NONE when all is well. */
  readonly beyond: number
  /** Every extension; undefined when one of them is not SEQUENCE { OID, [BOOLEAN TRUE], OCTET STRING }. */
  readonly extensionList: readonly ExtensionFields[] | undefined
  readonly fullAttributes: ExtensionFields | undefined
  readonly certseq: ExtensionFields | undefined
  readonly noRevAvail: ExtensionFields | undefined
  readonly authorityKeyIdentifier: ExtensionFields | undefined
  readonly targetInformation: ExtensionFields | undefined
  /** IetfAttrSyntax of the only value of the only attribute, else NONE; and its two parts. */
  readonly ietfAttrSyntax: number
  readonly policyAuthority: number
  readonly values: number
}

/** Finds the fields that the rules look at, once for all of them. Judges nothing. */
export function tbsFields(tbs: Elements): TbsFields {
  const version = tbs.first(0)
  const holder = tbs.next(0, version)
  const issuer = tbs.next(0, holder)
  const signature = tbs.next(0, issuer)
  const serialNumber = tbs.next(0, signature)
  const validity = tbs.next(0, serialNumber)
  const attributes = tbs.next(0, validity)
  const extensions = tbs.next(0, attributes)
  const extensionList = listExtensions(tbs, extensions)
  const find = (oid: Uint8Array) => extensionList?.find(extension => tbs.equals(extension.oid, oid))
  const ietfAttrSyntax = findSyntax(tbs, attributes)
  const policyAuthority = tbs.first(ietfAttrSyntax)
  return {
    version,
    holder,
    issuer,
    signature,
    serialNumber,
    validity,
    attributes,
    extensions,
    beyond: tbs.next(0, extensions),
    extensionList,
    fullAttributes: find(DER_OID_FULL_ATTRIBUTES),
    certseq: find(DER_OID_CERTSEQ),
    noRevAvail: find(DER_OID_NO_REV_AVAIL),
    authorityKeyIdentifier: find(DER_OID_AUTHORITY_KEY_IDENTIFIER),
    targetInformation: find(DER_OID_TARGET_INFORMATION),
    ietfAttrSyntax,
    policyAuthority,
    values: tbs.next(ietfAttrSyntax, policyAuthority),
  }
}

function listExtensions(tbs: Elements, extensions: number): readonly ExtensionFields[] | undefined {
  const list: ExtensionFields[] = []
  for (let one = tbs.first(extensions); one !== NONE; one = tbs.next(extensions, one)) {
    const oid = tbs.first(one)
    const second = tbs.next(one, oid)
    const critical = tbs.tag(second) === TAG.boolean
    const value = critical ? tbs.next(one, second) : second
    const wrong =
      tbs.tag(one) !== TAG.sequence ||
      tbs.tag(oid) !== TAG.oid ||
      tbs.tag(value) !== TAG.octetString ||
      tbs.next(one, value) !== NONE ||
      (critical && tbs.bytes[tbs.from(second)] !== 0xff)
    if (wrong) return undefined
    list.push({ oid, critical, value })
  }
  return list
}

function findSyntax(tbs: Elements, attributes: number): number {
  const attribute = tbs.only(attributes, TAG.sequence)
  const type = tbs.first(attribute)
  const values = tbs.next(attribute, type)
  return tbs.tag(values) === TAG.set && tbs.next(attribute, values) === NONE
    ? tbs.only(values, TAG.sequence)
    : NONE
}
