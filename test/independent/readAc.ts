import { Crypto } from '@peculiar/webcrypto'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'

// A reader of ACs that shares no code with ours: asn1js and pkijs take the structure apart, and the signature is
// verified by pkijs over @peculiar/webcrypto.

const crypto = new pkijs.CryptoEngine({ name: 'independent', crypto: new Crypto() })

const OID_FQANS = '1.3.6.1.4.1.8005.100.100.4'
const OID_CERTSEQ = '1.3.6.1.4.1.8005.100.100.10'
const OID_FULL_ATTRIBUTES = '1.3.6.1.4.1.8005.100.100.11'
const OID_NO_REV_AVAIL = '2.5.29.56'
const OID_KEY_ID = '2.5.29.35'
const OID_TARGETS = '2.5.29.55'

export interface IndependentAc {
  /** DER of Names, lower-case hex of serial content octets. */
  readonly holder: { readonly name: Uint8Array; readonly serial: string }
  readonly issuer: Uint8Array
  readonly serial: string
  readonly algorithm: string
  readonly notBefore: Date
  readonly notAfter: Date
  readonly policyAuthority: string
  readonly fqans: readonly string[]
  readonly attributes: readonly { name: string; value: string; qualifier: string }[]
  readonly targets: readonly string[]
  readonly certificates: readonly Uint8Array[]
  readonly keyIdentifier: string | undefined
  readonly noRevAvail: boolean
  readonly extensions: readonly { oid: string; critical: boolean }[]
  /** Whether the signature verifies with the key of the first embedded certificate. */
  readonly signatureValid: boolean
}

/** Reads and verifies; throws a plain Error for anything it does not understand. */
export async function readAcIndependently(der: Uint8Array): Promise<IndependentAc> {
  const raw = asn1(der)
  const ac = new pkijs.AttributeCertificateV2({ schema: raw })
  const { acinfo } = ac
  const base = must(acinfo.holder.baseCertificateID, 'baseCertificateID')
  const form = acinfo.issuer
  if (!(form instanceof pkijs.V2Form)) throw new Error('issuer is not v2Form')
  if (acinfo.version !== 1) throw new Error('not version 2')
  const extensions = acinfo.extensions?.extensions ?? []
  const value = (oid: string) => extensions.find(e => e.extnID === oid)?.extnValue.valueBlock.valueHexView
  const certseq = value(OID_CERTSEQ)
  const certificates = certseq ? children(children(asn1(certseq))[0]!).map(view) : []
  const full = value(OID_FULL_ATTRIBUTES)
  const keyId = value(OID_KEY_ID)
  const targets = value(OID_TARGETS)
  const tbs = view(children(raw)[0]!)
  return {
    holder: { name: directoryName(base.issuer), serial: hex(base.serialNumber.valueBlock.valueHexView) },
    issuer: directoryName(must(form.issuerName, 'issuerName')),
    serial: hex(acinfo.serialNumber.valueBlock.valueHexView),
    algorithm: acinfo.signature.algorithmId,
    notBefore: acinfo.attrCertValidityPeriod.notBeforeTime,
    notAfter: acinfo.attrCertValidityPeriod.notAfterTime,
    ...readFqans(acinfo.attributes),
    attributes: full ? readAttributes(asn1(full)) : [],
    targets: targets ? readTargets(asn1(targets)) : [],
    certificates,
    keyIdentifier: keyId && hex(content(children(asn1(keyId))[0]!)),
    noRevAvail: hex(value(OID_NO_REV_AVAIL) ?? new Uint8Array()) === '0500',
    extensions: extensions.map(e => ({ oid: e.extnID, critical: e.critical })),
    signatureValid: certificates[0] !== undefined && (await verify(tbs, ac, certificates[0])),
  }
}

async function verify(
  tbs: Uint8Array,
  ac: pkijs.AttributeCertificateV2,
  signer: Uint8Array,
): Promise<boolean> {
  const inner = ac.acinfo.signature.toSchema().toBER()
  const outer = ac.signatureAlgorithm.toSchema().toBER()
  if (hex(new Uint8Array(inner)) !== hex(new Uint8Array(outer))) return false
  const certificate = new pkijs.Certificate({ schema: asn1(signer) })
  return crypto.verifyWithPublicKey(
    new Uint8Array(tbs),
    ac.signatureValue,
    certificate.subjectPublicKeyInfo,
    ac.signatureAlgorithm,
  )
}

function readFqans(attributes: readonly pkijs.Attribute[]): { policyAuthority: string; fqans: string[] } {
  if (attributes.length !== 1 || attributes[0]!.type !== OID_FQANS) throw new Error('not one VOMS attribute')
  const { values } = attributes[0]!
  if (values.length !== 1) throw new Error('not one IetfAttrSyntax')
  const [authority, list] = children(values[0] as asn1js.BaseBlock)
  return {
    policyAuthority: text(content(children(authority!)[0]!)),
    fqans: children(list!).map(octets => text(content(octets))),
  }
}

function readAttributes(full: asn1js.BaseBlock): { name: string; value: string; qualifier: string }[] {
  const providers = children(children(full)[0]!)
  return providers.flatMap(provider =>
    children(children(provider)[1]!).map(attribute => {
      const [name, value, qualifier] = children(attribute).map(part => text(content(part)))
      return { name: name!, value: value!, qualifier: qualifier! }
    }),
  )
}

function readTargets(targets: asn1js.BaseBlock): string[] {
  return children(children(targets)[0]!).map(target => text(content(children(children(target)[0]!)[0]!)))
}

function directoryName(names: pkijs.GeneralNames): Uint8Array {
  const [name] = names.names
  if (names.names.length !== 1 || name?.type !== 4) throw new Error('not one directoryName')
  return new Uint8Array(name.value.toSchema().toBER())
}

function asn1(der: Uint8Array): asn1js.BaseBlock {
  const result = asn1js.fromBER(new Uint8Array(der))
  if (result.offset !== der.length) throw new Error(`asn1js: ${result.result.error || 'bytes after the end'}`)
  return result.result as asn1js.BaseBlock
}

const children = (block: asn1js.BaseBlock) =>
  (block.valueBlock as unknown as { value: asn1js.BaseBlock[] }).value
const view = (block: asn1js.BaseBlock) => block.valueBeforeDecodeView
/** Content octets of a primitive element of any class. */
const content = (block: asn1js.BaseBlock) => {
  const whole = view(block)
  const first = whole[1]!
  return whole.subarray(first < 0x80 ? 2 : 2 + (first & 0x7f))
}
const text = (octets: Uint8Array) => Buffer.from(octets).toString('utf8')
const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex')

function must<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`no ${what}`)
  return value
}
