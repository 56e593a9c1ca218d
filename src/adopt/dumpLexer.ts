import { DumpError } from './DumpError.ts'

/** Takes the parts that a dump is made of, in order. */
export interface TokenSink {
  /** A keyword, number or bare name. */
  word(text: string): void
  /** A name in backticks or double quotes, as bytes of the dump's own encoding read as latin1. */
  name(text: string): void
  /** A string's octets, escapes resolved. */
  string(bytes: Uint8Array): void
  /** Any other character. */
  punctuation(char: string): void
  /** The beginning of a `--` comment. */
  comment(text: string): void
}

type State =
  | 'base'
  | 'word'
  | 'name'
  | 'string'
  | 'escape'
  | 'quote'
  | 'minus'
  | 'lineComment'
  | 'slash'
  | 'commentStart'
  | 'version'
  | 'blockComment'
  | 'star'
  | 'delimited'

/** Free texts of administrators have kilobytes; certificates in requests, tens of them. */
const MAX_VALUE = 16 << 20
const MAX_WORD = 4096
const MAX_COMMENT = 200

/**
 * Cuts a mysqldump into tokens, in pieces of any size and linear time. What `/*!VERSION ... *` + `/` encloses is
 * read as if it stood there by itself, as the server does; other comments are dropped. Throws DumpError.
 */
export class DumpLexer {
  readonly #sink: TokenSink
  #state: State = 'base'
  /** The string that is being read, in an array that doubles: escapes come octet by octet. */
  #value = new Uint8Array(256)
  #length = 0
  /** The word, name or comment that is being read. */
  #text = ''
  #quote = 0
  /** Within a versioned comment, whose end is to be dropped. */
  #versioned = false
  #line = 1
  #offset = 0

  constructor(sink: TokenSink) {
    this.#sink = sink
  }

  get line(): number {
    return this.#line
  }

  /** Of the octet that is being looked at. */
  get offset(): number {
    return this.#offset
  }

  push(bytes: Uint8Array): void {
    const start = this.#offset
    let i = 0
    while (i < bytes.length) {
      this.#offset = start + i
      const byte = bytes[i]!
      if (byte === LF) this.#line++
      if (this.#state === 'string') {
        i = this.#scanString(bytes, i)
        continue
      }
      // A step that does not take its octet leaves it to the state that it changed to.
      if (this.#step(byte)) i++
      else if (byte === LF) this.#line--
    }
    this.#offset = start + bytes.length
  }

  /** Throws DUMP_CUT_OFF where the input ends within something. */
  end(): void {
    if (this.#state === 'word') this.#endWord()
    if (this.#state === 'lineComment') this.#endLineComment()
    if (this.#state !== 'base') throw this.error('DUMP_CUT_OFF', `the file ends within a ${this.#state}`)
  }

  /** Skips the lines up to `DELIMITER ;`: triggers and routines, whose bodies have statements of their own. */
  skipDelimited(): void {
    this.#text = ''
    this.#state = 'delimited'
  }

  error(code: DumpError['code'], message: string): DumpError {
    return new DumpError(code, message, { line: this.#line, offset: this.#offset })
  }

  /** Runs of plain octets are taken whole: most of a dump is inside strings. */
  #scanString(bytes: Uint8Array, from: number): number {
    let i = from
    // The first octet's line end is already counted.
    while (i < bytes.length && bytes[i] !== this.#quote && bytes[i] !== BACKSLASH) {
      if (bytes[i] === LF && i > from) this.#line++
      i++
    }
    if (i > from) this.#addToString(bytes.subarray(from, i))
    if (i === bytes.length) return i
    this.#state = bytes[i] === BACKSLASH ? 'escape' : 'quote'
    return i + 1
  }

  #addToString(piece: Uint8Array): void {
    const length = this.#length + piece.length
    if (length > MAX_VALUE) throw this.error('DUMP_TOO_LARGE', `a value of more than ${MAX_VALUE} bytes`)
    if (length > this.#value.length) {
      const larger = new Uint8Array(Math.max(length, this.#value.length * 2))
      larger.set(this.#value.subarray(0, this.#length))
      this.#value = larger
    }
    this.#value.set(piece, this.#length)
    this.#length = length
  }

  /** Takes one octet outside plain string content; false: it is to be seen again in the new state. */
  #step(byte: number): boolean {
    switch (this.#state) {
      case 'word':
        if (isWordByte(byte) || this.#isExponentSign(byte)) return this.#addChar(byte)
        this.#endWord()
        return false
      case 'name':
        return this.#stepName(byte)
      case 'escape':
        this.#stepEscape(byte)
        return true
      case 'quote':
        return this.#stepQuote(byte)
      case 'minus':
        this.#state = byte === MINUS ? 'lineComment' : 'base'
        if (byte !== MINUS) this.#sink.punctuation('-')
        return byte === MINUS
      case 'lineComment':
        if (byte === LF) this.#endLineComment()
        else if (this.#text.length < MAX_COMMENT) this.#text += String.fromCharCode(byte)
        return true
      case 'slash':
        this.#state = byte === STAR ? 'commentStart' : 'base'
        if (byte !== STAR) this.#sink.punctuation('/')
        return byte === STAR
      case 'commentStart':
        return this.#stepCommentStart(byte)
      case 'version':
        return this.#stepVersion(byte)
      case 'blockComment':
        return this.#stepBlockComment(byte)
      case 'star':
        return this.#stepStar(byte)
      case 'delimited':
        return this.#stepDelimited(byte)
      default:
        return this.#stepBase(byte)
    }
  }

  #stepBase(byte: number): boolean {
    if (byte === SPACE || byte === LF || byte === CR || byte === TAB) return true
    this.#text = ''
    if (isWordByte(byte)) {
      this.#state = 'word'
      return false
    }
    switch (byte) {
      case SINGLE_QUOTE:
        this.#quote = byte
        this.#length = 0
        this.#state = 'string'
        return true
      case BACKTICK:
      case DOUBLE_QUOTE:
        this.#quote = byte
        this.#state = 'name'
        return true
      case MINUS:
        this.#state = 'minus'
        return true
      case HASH:
        this.#state = 'lineComment'
        return true
      case SLASH:
        this.#state = 'slash'
        return true
      case STAR:
        this.#state = 'star'
        return true
    }
    if (byte < SPACE) throw this.error('DUMP_SYNTAX', 'a control character outside of a string')
    this.#sink.punctuation(String.fromCharCode(byte))
    return true
  }

  #addChar(byte: number): true {
    if (this.#text.length >= MAX_WORD)
      throw this.error('DUMP_TOO_LARGE', `a word of more than ${MAX_WORD} bytes`)
    this.#text += String.fromCharCode(byte)
    return true
  }

  #isExponentSign(byte: number): boolean {
    return (byte === MINUS || byte === PLUS) && /^[0-9.]+[eE]$/.test(this.#text)
  }

  #endWord(): void {
    this.#state = 'base'
    this.#sink.word(this.#text)
  }

  #stepName(byte: number): boolean {
    if (byte !== this.#quote) return this.#addChar(byte)
    this.#state = 'base'
    this.#sink.name(this.#text)
    return true
  }

  #stepEscape(byte: number): void {
    this.#state = 'string'
    const meant = ESCAPES.get(byte)
    // "\%" and "\_" keep their backslash; before anything else it vanishes.
    if (byte === PERCENT || byte === UNDERSCORE) this.#addToString(Uint8Array.of(BACKSLASH, byte))
    else this.#addToString(Uint8Array.of(meant ?? byte))
  }

  #stepQuote(byte: number): boolean {
    if (byte === this.#quote) {
      this.#state = 'string'
      this.#addToString(Uint8Array.of(byte))
      return true
    }
    this.#state = 'base'
    this.#sink.string(this.#value.slice(0, this.#length))
    return false
  }

  #endLineComment(): void {
    this.#state = 'base'
    this.#sink.comment(this.#text)
  }

  #stepCommentStart(byte: number): boolean {
    // MariaDB's own versioned comments begin with "/*M!".
    if (byte === LETTER_M && this.#text === '') return this.#addChar(byte)
    this.#state = byte === EXCLAMATION ? 'version' : 'blockComment'
    this.#text = ''
    return byte === EXCLAMATION
  }

  #stepVersion(byte: number): boolean {
    if (byte >= 0x30 && byte <= 0x39) return this.#addChar(byte)
    // No server has this version: what it encloses is a message to the client.
    this.#versioned = this.#text !== '999999'
    this.#state = this.#versioned ? 'base' : 'blockComment'
    this.#text = ''
    return false
  }

  #stepBlockComment(byte: number): boolean {
    if (byte === SLASH && this.#text === '*') this.#state = 'base'
    this.#text = byte === STAR ? '*' : ''
    return true
  }

  #stepStar(byte: number): boolean {
    this.#state = 'base'
    if (byte === SLASH && this.#versioned) {
      this.#versioned = false
      return true
    }
    this.#sink.punctuation('*')
    return false
  }

  #stepDelimited(byte: number): boolean {
    if (byte !== LF) {
      if (this.#text.length < MAX_COMMENT) this.#text += String.fromCharCode(byte)
      return true
    }
    if (/^DELIMITER ;\s*$/i.test(this.#text)) {
      this.#state = 'base'
      this.#versioned = false
    }
    this.#text = ''
    return true
  }
}

function isWordByte(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    byte === UNDERSCORE ||
    byte === 0x2e ||
    byte === 0x24 ||
    byte >= 0x80
  )
}

const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const EXCLAMATION = 0x21
const DOUBLE_QUOTE = 0x22
const HASH = 0x23
const PERCENT = 0x25
const SINGLE_QUOTE = 0x27
const STAR = 0x2a
const PLUS = 0x2b
const MINUS = 0x2d
const SLASH = 0x2f
const LETTER_M = 0x4d
const BACKSLASH = 0x5c
const UNDERSCORE = 0x5f
const BACKTICK = 0x60

const ESCAPES = new Map([
  [0x30, 0x00], // \0
  [0x62, 0x08], // \b
  [0x74, 0x09], // \t
  [0x6e, 0x0a], // \n
  [0x72, 0x0d], // \r
  [0x5a, 0x1a], // \Z
])
