import {
  ia5String,
  oid,
  printableString,
  sequence,
  set,
  tlv,
  utf8String,
} from '../../native-free/der/writer.ts'

export type StringType = 'utf8' | 'printable' | 'ia5' | 't61' | 'bmp'

/** One attribute of a name. `type` is a label such as CN, or a dotted OID. */
export interface NameAttribute {
  readonly type: string
  readonly value: string | Uint8Array
  /** Default: printable for C and serialNumber, ia5 for DC and emailAddress, utf8 otherwise, as OpenSSL chooses. */
  readonly string?: StringType
}

/**
 * A distinguished name: one-line text ("/C=IT/O=G/CN=u"; a `/` inside a value is written `\/`), or its RDNs one
 * by one (an RDN of several attributes is an array), or the DER of a Name.
 */
export type NameInput = string | readonly (NameAttribute | readonly NameAttribute[])[] | Uint8Array

/** DER of the Name. */
export function nameDer(name: NameInput): Uint8Array {
  if (name instanceof Uint8Array) return name
  const rdns = typeof name === 'string' ? parseOneLine(name) : name
  return sequence(...rdns.map(rdn => set(...(Array.isArray(rdn) ? rdn : [rdn]).map(attribute))))
}

/** The name with one RDN more at its end: what a proxy is called. */
export function appendRdn(name: Uint8Array, ...rdn: readonly NameAttribute[]): Uint8Array {
  return sequence(contentOf(name), set(...rdn.map(attribute)))
}

function parseOneLine(text: string): NameAttribute[] {
  const parts = text.split(/(?<!\\)\/(?=[A-Za-z0-9.]+=)/).slice(1)
  return parts.map(part => {
    const equals = part.indexOf('=')
    return { type: part.slice(0, equals), value: part.slice(equals + 1).replaceAll('\\/', '/') }
  })
}

function attribute({ type, value, string }: NameAttribute): Uint8Array {
  const encode = ENCODERS[string ?? DEFAULT_STRING[type] ?? 'utf8']
  return sequence(oid(OIDS[type] ?? type), value instanceof Uint8Array ? value : encode(value))
}

const contentOf = (der: Uint8Array) => der.subarray(der[1]! < 0x80 ? 2 : 2 + (der[1]! & 0x7f))

const ENCODERS: Record<StringType, (text: string) => Uint8Array> = {
  utf8: utf8String,
  printable: printableString,
  ia5: ia5String,
  t61: text => tlv(0x14, Buffer.from(text, 'latin1')),
  bmp: text => tlv(0x1e, Buffer.from(text, 'utf16le').swap16()),
}

const DEFAULT_STRING: Record<string, StringType> = {
  C: 'printable',
  serialNumber: 'printable',
  DC: 'ia5',
  emailAddress: 'ia5',
}

const OIDS: Record<string, string> = {
  CN: '2.5.4.3',
  SN: '2.5.4.4',
  serialNumber: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  GN: '2.5.4.42',
  DC: '0.9.2342.19200300.100.1.25',
  UID: '0.9.2342.19200300.100.1.1',
  emailAddress: '1.2.840.113549.1.9.1',
}
