import { sign } from 'node:crypto'
import {
  bitString,
  boolean,
  explicit,
  generalizedTime,
  implicit,
  integer,
  nullValue,
  octetString,
  oid,
  sequence,
  set,
  tlv,
} from '../../native-free/der/writer.ts'
import { nameDer } from '../pki/distinguishedName.ts'
import type { Credential } from '../pki/issueCertificate.ts'
import { createAcIssuer, keyHash } from './acIssuer.ts'
import { NOW } from './grant.ts'

// An AC put together field by field, so that a test can make each one wrong, or as another server writes it.

export const OIDS = {
  fqans: '1.3.6.1.4.1.8005.100.100.4',
  certseq: '1.3.6.1.4.1.8005.100.100.10',
  fullAttributes: '1.3.6.1.4.1.8005.100.100.11',
  noRevAvail: '2.5.29.56',
  authorityKeyIdentifier: '2.5.29.35',
  targetInformation: '2.5.29.55',
} as const

export const bytes = (text: string) => new TextEncoder().encode(text)
export const uri = (text: string) => tlv(0x86, bytes(text))
export const directoryName = (name: Uint8Array) => sequence(explicit(4, name))

/** Each member is the whole DER of its field; extensions one by one. */
export interface RawTbs {
  readonly version: Uint8Array
  readonly holder: Uint8Array
  readonly issuer: Uint8Array
  readonly signature: Uint8Array
  readonly serialNumber: Uint8Array
  readonly validity: Uint8Array
  readonly attributes: Uint8Array
  readonly issuerUniqueId: Uint8Array
  readonly extensions: readonly Uint8Array[]
}

export const rawIssuer: Credential = createAcIssuer()
export const HOLDER_NAME = nameDer('/C=IT/O=IGI/CN=test0')
export const AUTHORITY = 'vo.0://voms.test.example:15000'
export const RSA_SHA256 = sequence(oid('1.2.840.113549.1.1.11'), nullValue())

export const extension = (id: string, value: Uint8Array, critical = false) =>
  sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value))

export const certseq = (...certificates: Uint8Array[]) =>
  extension(OIDS.certseq, sequence(sequence(...certificates)))
export const noRevAvail = extension(OIDS.noRevAvail, nullValue())
export const keyId = (value: Uint8Array, critical = false) =>
  extension(OIDS.authorityKeyIdentifier, sequence(implicit(0, value)), critical)
export const target = (host: string) => sequence(explicit(0, uri(host)))
export const targets = (critical: boolean, ...all: Uint8Array[]) =>
  extension(OIDS.targetInformation, sequence(sequence(...all)), critical)
export const genericAttribute = (name: string, value: string, qualifier: string) =>
  sequence(octetString(bytes(name)), octetString(bytes(value)), octetString(bytes(qualifier)))
export const provider = (grantor: string, ...all: Uint8Array[]) =>
  sequence(sequence(uri(grantor)), sequence(...all))
export const fullAttributes = (...providers: Uint8Array[]) =>
  extension(OIDS.fullAttributes, sequence(sequence(...providers)))

export const holder = (name: Uint8Array, serial: Uint8Array) =>
  sequence(implicit(0, Buffer.concat([directoryName(name), serial]), true))
export const attributeOf = (authority: Uint8Array, ...values: Uint8Array[]) =>
  sequence(oid(OIDS.fqans), set(sequence(authority, sequence(...values))))
export const policyAuthority = (text: string) => implicit(0, uri(text), true)
export const fqanValues = (...fqans: string[]) => fqans.map(fqan => octetString(bytes(fqan)))

export const GOOD_EXTENSIONS = [certseq(rawIssuer.der), noRevAvail, keyId(keyHash(rawIssuer.key))]

const DEFAULTS: RawTbs = {
  version: integer(1),
  holder: holder(HOLDER_NAME, integer(0x1003)),
  issuer: implicit(0, directoryName(rawIssuer.subject), true),
  signature: RSA_SHA256,
  serialNumber: integer(0xf001_0203_0405_4607_8809_0a0b_0c0d_0e0fn),
  validity: sequence(generalizedTime(NOW), generalizedTime(NOW + 43_200)),
  attributes: sequence(
    attributeOf(
      policyAuthority(AUTHORITY),
      ...fqanValues('/vo.0/Role=NULL/Capability=NULL', '/vo.0/G1/Role=R1/Capability=NULL'),
    ),
  ),
  issuerUniqueId: new Uint8Array(),
  extensions: GOOD_EXTENSIONS,
}

/** To-be-signed bytes of a plain good AC, with some fields replaced. */
export function rawTbs(overrides: Partial<RawTbs> = {}): Uint8Array {
  const raw = { ...DEFAULTS, ...overrides }
  return sequence(
    raw.version,
    raw.holder,
    raw.issuer,
    raw.signature,
    raw.serialNumber,
    raw.validity,
    raw.attributes,
    raw.issuerUniqueId,
    sequence(...raw.extensions),
  )
}

/** The same, signed by the AC issuer of these tests (RSA, SHA-256). */
export function rawAc(overrides: Partial<RawTbs> = {}, outer: Uint8Array = RSA_SHA256): Uint8Array {
  const tbs = rawTbs(overrides)
  return sequence(tbs, outer, bitString(sign('sha256', tbs, rawIssuer.key.privateKey)))
}
