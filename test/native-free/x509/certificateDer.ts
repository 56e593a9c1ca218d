import {
  bitString,
  explicit,
  integer,
  nullValue,
  octetString,
  oid,
  printableString,
  sequence,
  set,
  time,
  tlv,
} from '../../../native-free/der/writer.ts'

export const sha256WithRsa = sequence(oid('1.2.840.113549.1.1.11'), nullValue())

/** A Name of single-valued RDNs, each given as its type and the DER of its value. */
export function nameDer(...rdns: readonly (readonly [type: string, value: Uint8Array])[]): Uint8Array {
  return sequence(...rdns.map(([type, value]) => set(sequence(oid(type), value))))
}

export function rsaSpki(modulus: Uint8Array = new Uint8Array(256).fill(0xa5), exponent = integer(65537)) {
  return sequence(
    sequence(oid('1.2.840.113549.1.1.1'), nullValue()),
    bitString(sequence(integer(modulus), exponent)),
  )
}

export function extensionDer(type: string, value: Uint8Array, critical?: Uint8Array): Uint8Array {
  return sequence(oid(type), ...(critical ? [critical] : []), octetString(value))
}

const parts = {
  version: explicit(0, integer(2)) as Uint8Array | undefined,
  serial: integer(7) as Uint8Array,
  algorithm: sha256WithRsa as Uint8Array,
  outerAlgorithm: sha256WithRsa as Uint8Array,
  issuer: nameDer(['2.5.4.3', printableString('CA')]),
  validity: sequence(time(1_700_000_000), time(1_800_000_000)) as Uint8Array,
  subject: nameDer(['2.5.4.3', printableString('u')]),
  spki: rsaSpki() as Uint8Array,
  uniqueIds: [] as Uint8Array[],
  extensions: [extensionDer('2.5.29.19', sequence())] as Uint8Array[] | undefined,
  signature: bitString(new Uint8Array(256)) as Uint8Array,
  trailing: new Uint8Array(0) as Uint8Array,
}

/** A certificate, well-formed but with a signature of zeros, in which a test overrides one part. */
export function certificateDer(overrides: Partial<typeof parts> = {}): Uint8Array {
  const p = { ...parts, ...overrides }
  const tbs = sequence(
    ...(p.version ? [p.version] : []),
    p.serial,
    p.algorithm,
    p.issuer,
    p.validity,
    p.subject,
    p.spki,
    ...p.uniqueIds,
    ...(p.extensions ? [explicit(3, sequence(...p.extensions))] : []),
  )
  return sequence(tbs, p.outerAlgorithm, p.signature, p.trailing)
}

/** The same for a subject: what openssl is asked about names with. */
export function certificateOfSubject(subject: Uint8Array): Uint8Array {
  return certificateDer({ subject, serial: tlv(0x02, new Uint8Array([1])) })
}
