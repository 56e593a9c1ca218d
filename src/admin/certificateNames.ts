import { flattenedKeyOfName, keyOfName } from '../../native-free/dn/keyOfName.ts'
import { keyOfString } from '../../native-free/dn/keyOfString.ts'
import { nameFromOneline } from '../../native-free/dn/nameFromOneline.ts'
import { onelineF1 } from '../../native-free/dn/oneline.ts'
import { onelineFromRfc2253 } from '../../native-free/dn/rfc2253.ts'
import { rowMatches } from '../../native-free/dn/spellings.ts'
import { unsafeName } from '../../native-free/dn/unsafeName.ts'
import { Refusal } from '../../native-free/refusal.ts'
import type { Name } from '../../native-free/x509/name.ts'
import { parseName } from '../../native-free/x509/parseName.ts'
import { AdminError, shown } from './AdminError.ts'

/** A certificate as the directory knows it: subject and issuer, to store and to compare. */
export interface CertificateNames {
  readonly subject: DnText
  readonly issuer: DnText
}

export interface DnText {
  /** Slash form, as the look-up of certificates expects it. */
  readonly text: string
  readonly key: string
  /** Every key under which another row may hold the same name. */
  readonly keys: readonly string[]
}

const MAX_DN = 2000

/** Names as somebody typed them, in slash form. Throws AdminError ADMIN_DN. */
export function namesFromText(subject: string, issuer: string): CertificateNames {
  return { subject: subjectFromText(subject), issuer: issuerFromText(issuer) }
}

export function subjectFromText(text: string): DnText {
  return dnFromText('the subject', text)
}

export function issuerFromText(text: string): DnText {
  return dnFromText('the issuer', text)
}

/** Names as they stand in an end-entity certificate. Throws AdminError ADMIN_DN for those that cannot be used. */
export function namesFromCertificate(certificate: {
  readonly subject: Name
  readonly issuer: Name
}): CertificateNames {
  return {
    subject: dnFromName('the subject', certificate.subject),
    issuer: dnFromName('the issuer', certificate.issuer),
  }
}

function dnFromText(what: string, text: string): DnText {
  if (text.length > MAX_DN) {
    throw new AdminError('ADMIN_DN', `${what} is longer than ${MAX_DN} characters`, 'check it')
  }
  try {
    return dnFromName(what, parseName(nameFromOneline(text)))
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    throw new AdminError('ADMIN_DN', `${what} "${shown(text)}" is no DN in slash form`, adviceFor(text))
  }
}

function adviceFor(text: string): string {
  try {
    return `perhaps you mean ${onelineFromRfc2253(text)}`
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    return 'write it as /C=IT/O=G/CN=name, or name a certificate file'
  }
}

function dnFromName(what: string, name: Name): DnText {
  const unsafe = name.rdns.length === 0 ? 'is empty' : unsafeName(name)
  const text = onelineF1(name)
  if (unsafe !== undefined || !rowMatches(name, text)) {
    const why = unsafe ?? 'has no text of its own'
    throw new AdminError('ADMIN_DN', `${what} ${shown(text)} cannot be used: ${why}`, 'check the certificate')
  }
  if (/\/CN=(?:limited )?proxy$/i.test(text)) {
    throw new AdminError(
      'ADMIN_DN',
      `${what} ${shown(text)} is that of a proxy`,
      'name the certificate that the proxy was made from',
    )
  }
  const key = keyOfString(text)
  const keys = [key, keyOfName(name), flattenedKeyOfName(name)].filter(one => one !== undefined)
  return { text, key, keys: [...new Set(keys)] }
}
