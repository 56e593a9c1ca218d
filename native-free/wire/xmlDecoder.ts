import { concatBytes } from '../bytes/concat.ts'
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

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Characters up to the first octets that are none; then `refusal` says why. */
export interface Decoded {
  readonly text: string
  readonly refusal: Refusal | undefined
}

/**
 * Turns the octets of an XML document, in pieces of any size, into its characters without the XML declaration,
 * whose encoding it follows: US-ASCII, UTF-8 (also when there is none) or ISO-8859-1. Refuses with XML_ENCODING,
 * XML_CHARACTER or, for the declaration, XML_SYNTAX. Not to be used after a refusal.
 */
export class XmlDecoder {
  #encoding: Encoding | undefined
  /** The declaration so far, until the encoding is known; one character an octet. */
  #start = ''
  /** Octets of a UTF-8 sequence that is not complete yet. */
  #tail = new Uint8Array(0)

  push(bytes: Uint8Array): Decoded {
    if (this.#encoding !== undefined) return upToNoChar(this.#decode(bytes, this.#encoding))
    // One octet at a time: what follows the declaration is already in the encoding that it names.
    for (let i = 0; i < bytes.length; i++) {
      this.#start += String.fromCharCode(bytes[i]!)
      const known = declaredEncoding(this.#start)
      if (known === undefined) continue
      if (known instanceof Refusal) return { text: '', refusal: known }
      this.#encoding = known.encoding
      const undeclared = known.hasDeclaration ? new Uint8Array(0) : latin1Octets(this.#start)
      const rest = concatBytes(undeclared, bytes.subarray(i + 1))
      return upToNoChar(this.#decode(rest, known.encoding))
    }
    return { text: '', refusal: undefined }
  }

  #decode(bytes: Uint8Array, encoding: Encoding): Decoded {
    if (encoding === 'UTF-8') return this.#decodeUtf8(bytes)
    const text = bytesToLatin1(bytes)
    const place = encoding === 'US-ASCII' ? text.search(/[\x80-\xff]/) : -1
    if (place < 0) return { text, refusal: undefined }
    const refusal = new Refusal('XML_ENCODING', 'a document declared US-ASCII has other characters')
    return { text: text.slice(0, place), refusal }
  }

  #decodeUtf8(bytes: Uint8Array): Decoded {
    const whole = concatBytes(this.#tail, bytes)
    const length = whole.length - incompleteOctets(whole)
    try {
      const text = utf8.decode(whole.subarray(0, length))
      this.#tail = whole.slice(length)
      return { text, refusal: undefined }
    } catch {
      return bytes.length > 1
        ? this.#decodeOctets(bytes)
        : { text: '', refusal: new Refusal('XML_ENCODING', 'not UTF-8') }
    }
  }

  /** The same octet by octet, to find what comes before the octets that are wrong. */
  #decodeOctets(bytes: Uint8Array): Decoded {
    let before = ''
    for (let i = 0; i < bytes.length; i++) {
      const { text, refusal } = this.#decodeUtf8(bytes.subarray(i, i + 1))
      before += text
      if (refusal !== undefined) return { text: before, refusal }
    }
    return { text: before, refusal: undefined }
  }
}

/** What the first characters say of the encoding; undefined while they may still become a declaration. */
function declaredEncoding(
  start: string,
): { encoding: Encoding; hasDeclaration: boolean } | Refusal | undefined {
  const isDeclaration = start.startsWith(DECLARATION_START) && /^[ \t\r\n]?$/.test(start.slice(5, 6))
  if (!isDeclaration && !DECLARATION_START.startsWith(start))
    return { encoding: 'UTF-8', hasDeclaration: false }
  if (start.length > MAX_DECLARATION) return new Refusal('XML_SYNTAX', 'an XML declaration that does not end')
  if (!start.endsWith('?>')) return undefined
  const parts = DECLARATION.exec(start)
  if (parts === null) return new Refusal('XML_SYNTAX', 'a malformed XML declaration')
  const encoding = ENCODINGS.get((parts[1] ?? 'UTF-8').toLowerCase())
  if (encoding === undefined) return new Refusal('XML_ENCODING', `encoding ${parts[1]} is not supported`)
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

function upToNoChar(decoded: Decoded): Decoded {
  const bad = NO_CHAR.exec(decoded.text)
  if (bad === null) return decoded
  const point = bad[0].codePointAt(0)!.toString(16).padStart(4, '0')
  return {
    text: decoded.text.slice(0, bad.index),
    refusal: new Refusal('XML_CHARACTER', `U+${point} is no XML character`),
  }
}
