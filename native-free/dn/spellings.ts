import { bytesToLatin1 } from '../bytes/latin1.ts'
import { TAG } from '../der/tag.ts'
import type { Ava, Name } from '../x509/name.ts'
import { flattenedKeyOfName, keyOfName } from './keyOfName.ts'
import { keyOfString } from './keyOfString.ts'
import { labelOfOid, OID_EMAIL, OID_UID } from './labels.ts'
import { escapeF0, escapeF1, type OnelineStyle, octetsOf, oneline, textOf } from './oneline.ts'
import { unsafeName } from './unsafeName.ts'

/** What one look-up may ask for; names with few odd features need one or two. */
const MAX_SPELLINGS = 24

/** Spellings of the two labels that databases disagree on, the likely pairs first: [email, UID]. */
const LABEL_PAIRS: readonly (readonly [string, string])[] = [
  ['emailAddress', 'UID'],
  ['Email', 'UID'],
  ['emailAddress', 'USERID'],
  ['Email', 'USERID'],
  ['E', 'UID'],
  ['E', 'USERID'],
  ['emailAddress', OID_UID],
  ['Email', OID_UID],
  ['E', OID_UID],
]

type Form = Omit<OnelineStyle, 'label'>

/** F0 and F1: the octets as they are encoded. */
const OCTET_FORMS: readonly Form[] = [
  { joint: '+', value: ava => escapeF0(octetsOf(ava)) },
  { joint: '/', value: ava => escapeF1(octetsOf(ava)) },
]
/** F1 with values re-encoded as UTF-8 (as VOMS Admin stores T61 and BMP strings), F1 with values as text. */
const TEXT_FORMS: readonly Form[] = [
  { joint: '/', value: ava => escapeF1(utf8OctetsOf(ava)) },
  { joint: '/', value: ava => textOf(ava) ?? escapeF1(octetsOf(ava)) },
]
/** F0 with values as text. */
const RARE_FORM: Form = {
  joint: '+',
  value: ava => textOf(ava)?.replace(/[/+]/g, '\\$&') ?? escapeF0(octetsOf(ava)),
}

function utf8OctetsOf(ava: Ava): string {
  const text = textOf(ava)
  return text === undefined ? octetsOf(ava) : bytesToLatin1(new TextEncoder().encode(text))
}

/**
 * The texts under which a directory may hold this Name, for a query by equality; at most 24, the likeliest first,
 * usually one or two. None for the empty Name and for an unsafe one. What the query returns must pass rowMatches().
 */
export function dnSpellings(name: Name): string[] {
  return isUsable(name) ? [...allSpellings(name)].slice(0, MAX_SPELLINGS) : []
}

/** Whether the text of a directory's row is this Name; decides what a database's loose comparison cannot. */
export function rowMatches(name: Name, text: string): boolean {
  return rowMatcher(name)(text)
}

/** rowMatches() for many rows and one Name. */
export function rowMatcher(name: Name): (text: string) => boolean {
  if (!isUsable(name)) return () => false
  const spellings = new Set(Array.from(allSpellings(name), lowerAscii))
  const keys = [keyOfName(name), flattenedKeyOfName(name)]
  return text => spellings.has(lowerAscii(text)) || keys.includes(keyOfString(text))
}

/** An unsafe Name's text may be that of someone else's row, so it has no text at all. */
function isUsable(name: Name): boolean {
  return name.rdns.length > 0 && unsafeName(name) === undefined
}

function allSpellings(name: Name): Set<string> {
  const spellings = new Set<string>()
  const octetForms = name.rdns.flat().every(printsAsItself) ? OCTET_FORMS : []
  for (const forms of [[...octetForms, ...TEXT_FORMS], [RARE_FORM]]) {
    for (const pair of pairsFor(name)) {
      for (const form of forms) spellings.add(oneline(name, { ...form, label: labelFor(pair) }))
    }
  }
  return spellings
}

/**
 * Whether no other text has these octets. A wide string's do unless one of them is NUL, which no safe narrow string
 * holds: the BMPString of U+6B69 U+6D73 prints as `kims`.
 */
function printsAsItself({ tag, value }: Ava): boolean {
  return (tag !== TAG.bmpString && tag !== TAG.universalString) || value.length === 0 || value.includes(0)
}

/** The pairs that make a difference to this Name. */
function pairsFor(name: Name): readonly (readonly [string, string])[] {
  const has = (oid: string) => name.rdns.some(rdn => rdn.some(ava => ava.oid === oid))
  const [hasEmail, hasUid] = [has(OID_EMAIL), has(OID_UID)]
  return LABEL_PAIRS.filter(
    ([email, uid]) => (hasEmail || email === 'emailAddress') && (hasUid || uid === 'UID'),
  )
}

function labelFor([email, uid]: readonly [string, string]): (oid: string) => string {
  return oid => (oid === OID_EMAIL ? email : oid === OID_UID ? uid : labelOfOid(oid))
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, run => run.toLowerCase())
}
