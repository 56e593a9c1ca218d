import { bytesToLatin1 } from '../bytes/latin1.ts'
import { Refusal } from '../refusal.ts'
import { labelAt } from './labels.ts'

/** One attribute of a DN that is text: its type and its value in Unicode. */
export interface TextAva {
  readonly oid: string
  readonly value: string
}

/**
 * Splits a one-line DN of either form into its RDNs. An RDN starts at an unescaped slash before a known label (any
 * spelling and case) or dotted OID and `=`; an unescaped plus before such begins a further attribute of the RDN;
 * other slashes and pluses belong to the value. `\/`, `\+` and runs of `\xHH` are undone. Refuses with
 * ONELINE_BAD what does not begin with an RDN.
 */
export function parseOneline(text: string): TextAva[][] {
  const rdns = splitOneline(text)
  if (!rdns) throw new Refusal('ONELINE_BAD', 'DN does not begin with a slash, a known label and =', 0)
  return rdns
}

/** The same without refusal: undefined when the text is no one-line DN. The empty text is the empty DN. */
export function splitOneline(text: string): TextAva[][] | undefined {
  const rdns: TextAva[][] = []
  let open: { oid: string; valueAt: number } | undefined
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    const escaped = at > 0 && text.charAt(at - 1) === '\\'
    const begins = (char === '/' || (char === '+' && open)) && !escaped ? labelAt(text, at + 1) : undefined
    if (!begins) {
      if (!open) return undefined
      continue
    }
    if (open) rdns.at(-1)!.push(avaOf(text, open, at))
    if (char === '/') rdns.push([])
    open = begins
    at = begins.valueAt - 1
  }
  if (open) rdns.at(-1)!.push(avaOf(text, open, text.length))
  return rdns
}

function avaOf(text: string, open: { oid: string; valueAt: number }, end: number): TextAva {
  return { oid: open.oid, value: unescapeValue(text.slice(open.valueAt, end)) }
}

function unescapeValue(value: string): string {
  if (!value.includes('\\')) return value
  return value.replace(/\\([/+])|(?:\\x[0-9A-Fa-f]{1,2})+/g, (run, char) => char ?? decodeOctets(run))
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A run of `\xHH` as UTF-8 if it is, else as Latin-1. One digit is met too, for octets below 0x10. */
function decodeOctets(run: string): string {
  const octets = Uint8Array.from(run.slice(2).split('\\x'), digits => Number.parseInt(digits, 16))
  try {
    return utf8.decode(octets)
  } catch {
    return bytesToLatin1(octets)
  }
}
