import { nameFromOneline } from '../../native-free/dn/nameFromOneline.ts'
import { parseName } from '../../native-free/x509/parseName.ts'
import type { HolderNames } from '../../src/resolve/types.ts'
import { ISSUER, SUBJECT } from '../fakes/fakeDatabase.ts'

/** The names of a certificate, from one-line DNs. */
export function holderNames(subject = SUBJECT, issuer = ISSUER): HolderNames {
  return { subject: parseName(nameFromOneline(subject)), issuer: parseName(nameFromOneline(issuer)) }
}
