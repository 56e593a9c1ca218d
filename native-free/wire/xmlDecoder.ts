import { bytesToLatin1 } from '../bytes/latin1.ts'
import { Refusal } from '../refusal.ts'

type Encoding = 'US-ASCII' | 'UTF-8' | 'ISO-8859-1'

const ENCODINGS = new Map<string, Encoding>([
  ['us-ascii', 'US-ASCII'],
  ['ascii', 'US-ASCII'],
  ['utf-8', 'UTF-8'],
  ['utf8', 'UTF-8'],
  ['iso-8859-1', 'ISO-8859-1'],
  ['latin1', 'ISO-8859-1'],
])

/** Declarations in use have about 60 characters. */
const MAX_DECLARATION = 256
const DECLARATION_START = '<?xml'
const DECLARATION =
  /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.[0-9]"|'1\.[0-9]')(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*["']([A-Za-z][A-Za-z0-9._-]*)["'])?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*["'](?:yes|no)["'])?[ \t\r\n]*\?>$/
/** What is no Char of XML 1.0 (2.2). */
const NO_CHAR = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u

/**
 * Turns the octets of an XML document, in pieces of any size, into its characters without the XML declaration,
 * whose encoding it follows: US-ASCII, UTF-8 (also when there is none) or ISO-8859-1.
 * Throws Refusal XML_ENCODING or XML_CHARACTER.
 */
export class XmlDecoder {
  #encoding: Encoding | undefined
  /** The declaration so far, until the encoding is known; one character an octet. */
  #start = ''
  /** Octets of a UTF-8 sequence that is not complete yet. */
  #tail = new Uint8Array(0)

  push(bytes: Uint8Array): string {
    if (this.#encoding !== undefined) return checked(this.#decode(bytes, this.#encoding))
    // One octet at a time: what follows the declaration is already in the encoding that it names.
    for (let i = 0; i < bytes.length; i++) {
      this.#start += String.fromCharCode(bytes[i]!)
      const known = declaredEncoding(this.#start)
      if (known === undefined) continue
      this.#encoding = known.encoding
      const undeclared = known.hasDeclaration ? new Uint8Array(0) : latin1Octets(this.#start)
      return checked(
        this.#decode(undeclared, known.encoding) + this.#decode(bytes.subarray(i + 1), known.encoding),
      )
    }
    return ''
  }

  #decode(bytes: Uint8Array, encoding: Encoding): string {
    if (encoding === 'UTF-8') return this.#decodeUtf8(bytes)
    const text = bytesToLatin1(bytes)
    if (encoding === 'US-ASCII' && /[\x80-\xff]/.test(text)) {
      throw new Refusal('XML_ENCODING', 'a document declared US-ASCII has other characters')
    }
    return text
  }

  #decodeUtf8(bytes: Uint8Array): string {
    const whole = new Uint8Array(this.#tail.length + bytes.length)
    whole.set(this.#tail)
    whole.set(bytes, this.#tail.length)
    const length = whole.length - incompleteOctets(whole)
    this.#tail = whole.slice(length)
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(whole.subarray(0, length))
    } catch {
      throw new Refusal('XML_ENCODING', 'not UTF-8')
    }
  }
}

/** What the first characters say of the encoding; undefined while they may still become a declaration. */
function declaredEncoding(start: string): { encoding: Encoding; hasDeclaration: boolean } | undefined {
  const isDeclaration = start.startsWith(DECLARATION_START) && /^[ \t\r\n]?$/.test(start.slice(5, 6))
  if (!isDeclaration && !DECLARATION_START.startsWith(start))
    return { encoding: 'UTF-8', hasDeclaration: false }
  if (start.length > MAX_DECLARATION) throw new Refusal('XML_SYNTAX', 'an XML declaration that does not end')
  if (!start.endsWith('?>')) return undefined
  const parts = DECLARATION.exec(start)
  if (parts === null) throw new Refusal('XML_SYNTAX', 'a malformed XML declaration')
  const encoding = ENCODINGS.get((parts[1] ?? 'UTF-8').toLowerCase())
  if (encoding === undefined) throw new Refusal('XML_ENCODING', `encoding ${parts[1]} is not supported`)
  return { encoding, hasDeclaration: true }
}

function latin1Octets(text: string): Uint8Array {
  return Uint8Array.from(text, char => char.charCodeAt(0))
}

/** How many octets at the end begin a UTF-8 sequence without completing it. */
function incompleteOctets(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const octet = bytes[bytes.length - back]!
    if (octet < 0x80) return 0
    if (octet >= 0xc0) {
      const wanted = octet >= 0xf0 ? 4 : octet >= 0xe0 ? 3 : 2
      return wanted > back ? back : 0
    }
  }
  return 0
}

function checked(text: string): string {
  const bad = NO_CHAR.exec(text)
  if (bad === null) return text
  throw new Refusal(
    'XML_CHARACTER',
    `U+${bad[0].codePointAt(0)!.toString(16).padStart(4, '0')} is no XML character`,
  )
}
