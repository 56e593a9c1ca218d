import { ia5String, oid, printableString, sequence, setOf, utf8String } from '../der/writer.ts'
import { OID_EMAIL } from './labels.ts'
import { parseOneline, type TextAva } from './parseOneline.ts'

const OID_DC = '0.9.2342.19200300.100.1.25'
/** countryName, serialNumber, dnQualifier, jurisdictionCountryName. */
const PRINTABLE = new Set(['2.5.4.6', '2.5.4.5', '2.5.4.46', '1.3.6.1.4.1.311.60.2.1.3'])

/**
 * DER Name of a one-line DN, with the string types that OpenSSL chooses: PrintableString for country and the like,
 * IA5String for e-mail and DC, else UTF8String. Made for comparing and for tests; a received Name is never rebuilt
 * from text. Refuses text that is no one-line DN, or that its string type cannot hold.
 */
export function nameFromOneline(text: string): Uint8Array<ArrayBuffer> {
  return sequence(...parseOneline(text).map(rdn => setOf(...rdn.map(encodeAva))))
}

function encodeAva(ava: TextAva): Uint8Array {
  return sequence(oid(ava.oid), encodeValue(ava))
}

function encodeValue({ oid, value }: TextAva): Uint8Array {
  if (PRINTABLE.has(oid)) return printableString(value)
  return oid === OID_EMAIL || oid === OID_DC ? ia5String(value) : utf8String(value)
}
