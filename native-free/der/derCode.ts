import { Refusal } from '../refusal.ts'

/** Every way in which bytes can fail to be the DER that was asked for (X.690 8 to 11). */
export type DerCode =
  | 'DER_TRUNCATED'
  | 'DER_LENGTH_BEYOND_INPUT'
  | 'DER_INDEFINITE_LENGTH'
  | 'DER_NON_MINIMAL_LENGTH'
  | 'DER_HIGH_TAG'
  | 'DER_UNEXPECTED_TAG'
  | 'DER_TRAILING_BYTES'
  | 'DER_TOO_DEEP'
  | 'DER_BAD_BOOLEAN'
  | 'DER_BAD_INTEGER'
  | 'DER_INTEGER_RANGE'
  | 'DER_BAD_BIT_STRING'
  | 'DER_BAD_NULL'
  | 'DER_BAD_OID'
  | 'DER_BAD_TIME'
  | 'DER_BAD_STRING'

/** Makes the refusal for `code`; `at` is the octet offset in the reader's input. */
export function refuseDer(code: DerCode, message: string, at = -1): Refusal<DerCode> {
  return new Refusal(code, at < 0 ? message : `${message} at octet ${at}`, at)
}
