import { TAG } from '../der/tag.ts'
import type { Name } from '../x509/name.ts'
import { labelAt, labelOfOid } from './labels.ts'
import { textOf } from './oneline.ts'

const CONTROLS = /[\0-\x1f\x7f-\x9f]/
const CONTROLS_7_BIT = /[\0-\x1f\x7f]/
/** What NFC or lower case, and with them a key, turn into ASCII: KELVIN SIGN, GREEK QUESTION MARK, GREEK VARIA. */
const BECOMES_ASCII = /[\u037e\u1fef\u212a]/
const MIMICS_ESCAPE = /\\(?:[/+]|x[0-9A-Fa-f]|$)/

/**
 * Why a Name must not be used as an identity, or undefined when it may: some value makes the name's one-line text
 * the text of another name too. The reason quotes no value.
 */
export function unsafeName(name: Name): string | undefined {
  for (const rdn of name.rdns) {
    for (const ava of rdn) {
      const text = textOf(ava)
      // Octets 80 to 9F of an 8-bit string are mostly UTF-8 under a wrong tag, and are printed escaped anyway.
      const wide = ava.tag === TAG.utf8String || ava.tag === TAG.bmpString || ava.tag === TAG.universalString
      // What is no text is printed as if it were, so that only its tag tells it from a string of those octets.
      const reason = text === undefined ? 'is no text' : unsafeText(text, wide ? CONTROLS : CONTROLS_7_BIT)
      if (reason !== undefined) return `${labelOfOid(ava.oid)} ${reason}`
    }
  }
  return undefined
}

/** The same for one value that is text already. */
export function unsafeText(text: string, controls: RegExp = CONTROLS): string | undefined {
  if (controls.test(text)) return 'holds a control character'
  if (BECOMES_ASCII.test(text)) return 'holds a character that reads as an ASCII one'
  if (MIMICS_ESCAPE.test(text)) return 'holds a backslash that reads as an escape'
  return holdsAttribute(text) ? 'holds what reads as a further attribute' : undefined
}

/** A slash or plus before a known label and `=`, within a value. */
function holdsAttribute(text: string): boolean {
  if (!text.includes('=')) return false
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if ((char === '/' || char === '+') && labelAt(text, at + 1)) return true
  }
  return false
}
