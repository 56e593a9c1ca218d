import { Refusal } from '../refusal.ts'

/** What is wrong with an AC, or with what one shall be made of. The name tells the field. */
export type AcCode =
  /** Not DER, or bytes after the end. */
  | 'AC_DER'
  | 'AC_VERSION'
  | 'AC_HOLDER'
  | 'AC_ISSUER'
  | 'AC_ALGORITHM'
  | 'AC_SERIAL'
  | 'AC_VALIDITY'
  | 'AC_ATTRIBUTES'
  | 'AC_POLICY_AUTHORITY'
  | 'AC_TEXT'
  | 'AC_EXTENSIONS'
  | 'AC_FULL_ATTRIBUTES'
  | 'AC_CERTSEQ'
  | 'AC_NO_REV_AVAIL'
  | 'AC_KEY_ID'
  | 'AC_TARGETS'
  | 'AC_SIGNATURE'
  | 'AC_TOO_LARGE'

/** A Refusal with one of the codes above. */
export function refuseAc(code: AcCode, message: string, at = -1): Refusal<AcCode> {
  return new Refusal(code, message, at)
}
