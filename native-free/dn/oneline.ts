import { bytesToLatin1 } from '../bytes/latin1.ts'
import { TAG } from '../der/tag.ts'
import { tlv } from '../der/writer.ts'
import { directoryStringText, isStringTag } from '../x509/directoryString.ts'
import type { Ava, Name } from '../x509/name.ts'
import { labelOfOid } from './labels.ts'

/** How a one-line form writes a Name. */
export interface OnelineStyle {
  /** Before the second and further attributes of an RDN. */
  readonly joint: '+' | '/'
  label(oid: string): string
  value(ava: Ava): string
}

/** The one-line form as X509_NAME_oneline of OpenSSL 3 prints it, with `\/` and `\+`, octet for octet. */
export function onelineF0(name: Name): string {
  return oneline(name, { joint: '+', label: labelOfOid, value: ava => escapeF0(octetsOf(ava)) })
}

/** The form of OpenSSL up to 1.1, which old databases, policies and LSC files hold: ambiguous, see unsafeName(). */
export function onelineF1(name: Name): string {
  return oneline(name, { joint: '/', label: labelOfOid, value: ava => escapeF1(octetsOf(ava)) })
}

export function oneline(name: Name, style: OnelineStyle): string {
  let text = ''
  for (const rdn of name.rdns) {
    let separator = '/'
    for (const ava of rdn) {
      text += `${separator}${style.label(ava.oid)}=${style.value(ava)}`
      separator = style.joint
    }
  }
  return text
}

const NOT_PRINTABLE = /[^ -~]/g
const NOT_PLAIN_F0 = /[^ -.0-~]|\+/g

/** Octets, one character each, as F0 prints them. */
export function escapeF0(octets: string): string {
  return octets.replace(NOT_PLAIN_F0, char => (char === '/' || char === '+' ? `\\${char}` : hexEscape(char)))
}

/** Octets, one character each, as F1 prints them. */
export function escapeF1(octets: string): string {
  return octets.replace(NOT_PRINTABLE, hexEscape)
}

function hexEscape(octet: string): string {
  return `\\x${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

/** The octets that OpenSSL holds of a value, one character each. */
export function octetsOf(ava: Ava): string {
  const { tag, value } = ava
  // A BIT STRING is held without its count of unused bits, a SEQUENCE or SET whole.
  if (tag === TAG.bitString) return bytesToLatin1(value.subarray(1))
  if (tag === TAG.sequence || tag === TAG.set) return bytesToLatin1(tlv(tag, value))
  const octets = bytesToLatin1(value)
  return tag === TAG.generalString && isWideAscii(value) ? octets.replace(/[\s\S]{3}([\s\S])/g, '$1') : octets
}

/** Whether every group of four octets has nothing but the last: X509_NAME_oneline then prints only those. */
function isWideAscii(value: Uint8Array): boolean {
  return value.length % 4 === 0 && value.every((octet, at) => at % 4 === 3 || octet === 0)
}

/** A value as Unicode text; undefined when it is no string. */
export function textOf(ava: Ava): string | undefined {
  return isStringTag(ava.tag) ? directoryStringText(ava.tag, ava.value) : undefined
}
