import { Refusal } from '../refusal.ts'
import { XmlDecoder } from './xmlDecoder.ts'

// The subset of XML 1.0 that VOMS documents use: elements, attributes, text, CDATA, comments, processing
// instructions (skipped), the five predefined entities and character references. Document type declarations are
// refused, and with them every other entity: nothing is ever fetched or expanded.

/** An element. `text` is its own character data, that of its children not included. */
export interface XmlElement {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly text: string
  readonly children: readonly XmlElement[]
}

export interface XmlLimits {
  readonly maxBytes: number
  readonly maxDepth: number
  readonly maxElements: number
  /** Attributes of one element. */
  readonly maxAttributes: number
}

interface OpenElement extends XmlElement {
  text: string
  readonly children: OpenElement[]
}

/** Where the scanner is: in text, just after `<`, after `<!`, in a tag, in a quoted value, or in a section. */
type State = 'text' | 'open' | 'bang' | 'tag' | 'quoted' | 'comment' | 'cdata' | 'instruction'

const SPACE = '[ \\t\\r\\n]'
const NAME = '[A-Za-z_:\\u00c0-\\ud7ff\\uf900-\\ufffd][\\w:.\\-\\u00b7-\\ud7ff\\uf900-\\ufffd]*'
const START_TAG = new RegExp(`<(${NAME})`, 'y')
const ATTRIBUTE = new RegExp(`${SPACE}+(${NAME})${SPACE}*=${SPACE}*("[^"]*"|'[^']*')`, 'y')
const TAG_END = new RegExp(`${SPACE}*(/?)>$`, 'y')
const END_TAG = new RegExp(`^</(${NAME})${SPACE}*>$`)

/**
 * Reads one XML document in pieces of any size, in linear time. push() answers undefined until the root
 * element has closed, then the root; what follows is not looked at. Throws Refusal, and keeps throwing it:
 * XML_TOO_LARGE, XML_TOO_DEEP, XML_TOO_MANY, XML_DOCTYPE, XML_ENTITY, XML_SYNTAX, XML_ENCODING, XML_CHARACTER.
 */
export class XmlReader {
  readonly #limits: XmlLimits
  readonly #decoder = new XmlDecoder()
  readonly #open: OpenElement[] = []
  #root: OpenElement | undefined
  #refusal: unknown
  #state: State = 'text'
  /** The token being read, as the pieces it came in. */
  #parts: string[] = []
  /** In `bang`: the characters after `<!`. In a section: how many of its closing characters were just seen. */
  #bang = ''
  #run = 0
  #quote = 0
  #bytes = 0
  #elements = 0
  #steps = 0

  constructor(limits: XmlLimits) {
    this.#limits = limits
  }

  /** Characters scanned or cut into tokens so far: what the reader's work is proportional to. */
  get steps(): number {
    return this.#steps
  }

  push(bytes: Uint8Array): XmlElement | undefined {
    if (this.#refusal !== undefined) throw this.#refusal
    if (this.#isComplete()) return this.#root
    try {
      this.#read(bytes)
    } catch (refusal) {
      this.#refusal = refusal
      throw refusal
    }
    return this.#isComplete() ? this.#root : undefined
  }

  /** What is wrong further on counts only if the root has not closed before: splits make no difference. */
  #read(bytes: Uint8Array): void {
    const { maxBytes } = this.#limits
    const { text, refusal } = this.#decoder.push(bytes.subarray(0, maxBytes - this.#bytes))
    this.#scan(text)
    if (this.#isComplete()) return
    if (refusal !== undefined) throw refusal
    this.#bytes += bytes.length
    if (this.#bytes > maxBytes) throw new Refusal('XML_TOO_LARGE', `more than ${maxBytes} bytes`)
  }

  #isComplete(): boolean {
    return this.#root !== undefined && this.#open.length === 0
  }

  #scan(text: string): void {
    let start = 0
    for (let i = 0; i < text.length; i++) {
      this.#steps++
      if (!this.#endsToken(text.charCodeAt(i))) continue
      this.#parts.push(text.slice(start, i + 1))
      start = i + 1
      const token = this.#parts.join('')
      this.#parts = []
      this.#steps += token.length
      this.#take(token)
      if (this.#isComplete()) return
    }
    if (start < text.length) this.#parts.push(text.slice(start))
  }

  /** Whether this character is the last of its token. A text's token ends with the `<` that follows it. */
  #endsToken(char: number): boolean {
    switch (this.#state) {
      case 'text':
        return char === LESS
      case 'open':
        return this.#scanOpen(char)
      case 'bang':
        return this.#scanBang(char)
      case 'tag':
        if (char === LESS) throw new Refusal('XML_SYNTAX', '"<" within a tag')
        if (char === DOUBLE_QUOTE || char === SINGLE_QUOTE) {
          this.#quote = char
          this.#state = 'quoted'
        }
        return char === GREATER
      case 'quoted':
        if (char === LESS) throw new Refusal('XML_SYNTAX', '"<" within an attribute value')
        if (char === this.#quote) this.#state = 'tag'
        return false
      case 'comment':
        return this.#endsSection(char, HYPHEN, 2)
      case 'cdata':
        return this.#endsSection(char, BRACKET, 2)
      case 'instruction':
        return this.#endsSection(char, QUESTION, 1)
    }
  }

  #scanOpen(char: number): boolean {
    this.#run = 0
    this.#bang = ''
    this.#state = char === QUESTION ? 'instruction' : char === EXCLAMATION ? 'bang' : 'tag'
    return char === GREATER
  }

  #scanBang(char: number): boolean {
    this.#bang += String.fromCharCode(char)
    if (this.#bang === '--') this.#state = 'comment'
    else if (this.#bang === '[CDATA[') this.#state = 'cdata'
    else if (!'--'.startsWith(this.#bang) && !'[CDATA['.startsWith(this.#bang)) {
      throw new Refusal('XML_DOCTYPE', 'document type declarations are not accepted')
    }
    return false
  }

  /** A section ends with `count` times its closing character and `>`. */
  #endsSection(char: number, closing: number, count: number): boolean {
    if (char === GREATER && this.#run >= count) return true
    this.#run = char === closing ? this.#run + 1 : 0
    return false
  }

  #take(token: string): void {
    const state = this.#state
    this.#state = state === 'text' ? 'open' : 'text'
    switch (state) {
      case 'text':
        // The `<` belongs to the markup that follows.
        this.#parts = ['<']
        this.#takeText(token.slice(0, -1))
        break
      case 'cdata':
        this.#addText(withLineFeeds(token.slice('<![CDATA['.length, -']]>'.length)))
        break
      case 'comment':
        break
      case 'instruction':
        if (/^<\?xml[ \t\r\n?]/i.test(token)) {
          throw new Refusal('XML_SYNTAX', 'an XML declaration that is not at the start')
        }
        break
      default:
        if (token.startsWith('</')) this.#takeEndTag(token)
        else this.#takeStartTag(token)
    }
  }

  #takeText(text: string): void {
    if (text.includes(']]>')) throw new Refusal('XML_SYNTAX', '"]]>" within text')
    this.#addText(expandReferences(withLineFeeds(text)))
  }

  #addText(text: string): void {
    const element = this.#open.at(-1)
    if (element !== undefined) element.text += text
    else if (/[^ \t\n]/.test(text)) throw new Refusal('XML_SYNTAX', 'text outside the root element')
  }

  #takeStartTag(token: string): void {
    START_TAG.lastIndex = 0
    const name = START_TAG.exec(token)?.[1]
    if (name === undefined) throw new Refusal('XML_SYNTAX', 'a malformed tag')
    const { attributes, isEmpty } = this.#readAttributes(token, START_TAG.lastIndex)
    if (++this.#elements > this.#limits.maxElements) {
      throw new Refusal('XML_TOO_MANY', `more than ${this.#limits.maxElements} elements`)
    }
    if (this.#open.length >= this.#limits.maxDepth) {
      throw new Refusal('XML_TOO_DEEP', `elements nested deeper than ${this.#limits.maxDepth}`)
    }
    const element: OpenElement = { name, attributes, text: '', children: [] }
    const parent = this.#open.at(-1)
    if (parent === undefined) this.#root = element
    else parent.children.push(element)
    if (!isEmpty) this.#open.push(element)
  }

  #readAttributes(token: string, from: number): { attributes: Map<string, string>; isEmpty: boolean } {
    const attributes = new Map<string, string>()
    let at = from
    for (;;) {
      ATTRIBUTE.lastIndex = at
      const [, name, value] = ATTRIBUTE.exec(token) ?? []
      if (name === undefined || value === undefined) break
      at = ATTRIBUTE.lastIndex
      if (attributes.has(name)) throw new Refusal('XML_SYNTAX', `attribute ${name.slice(0, 100)} twice`)
      if (attributes.size >= this.#limits.maxAttributes) {
        throw new Refusal('XML_TOO_MANY', `more than ${this.#limits.maxAttributes} attributes`)
      }
      attributes.set(name, expandReferences(value.slice(1, -1).replace(/[\t\n\r]/g, ' ')))
    }
    TAG_END.lastIndex = at
    const end = TAG_END.exec(token)
    if (end === null) throw new Refusal('XML_SYNTAX', 'a malformed tag')
    return { attributes, isEmpty: end[1] === '/' }
  }

  #takeEndTag(token: string): void {
    const name = END_TAG.exec(token)?.[1]
    const element = this.#open.pop()
    if (name === undefined || element === undefined || element.name !== name) {
      throw new Refusal('XML_SYNTAX', 'an end tag without its start tag')
    }
  }
}

/** Reads a whole document: only white space may follow its root. Throws as XmlReader does. */
export function parseXml(bytes: Uint8Array, limits: XmlLimits): XmlElement {
  const reader = new XmlReader(limits)
  let end = bytes.length
  while (end > 0 && isSpace(bytes[end - 1]!)) end--
  if (end > 0 && reader.push(bytes.subarray(0, end - 1)) !== undefined) {
    throw new Refusal('XML_SYNTAX', 'something follows the root element')
  }
  // Only the last byte that is no white space can close the root.
  const root = reader.push(bytes.subarray(end - 1, end))
  if (root === undefined) throw new Refusal('XML_SYNTAX', 'the document is cut off')
  return root
}

/** The first child of that name. */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find(child => child.name === name)
}

const PREDEFINED = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
])

function expandReferences(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&([^;&]{0,10};)?/g, (whole: string) => {
    const name = whole.slice(1, -1)
    const char = PREDEFINED.get(name) ?? numericReference(name)
    if (char === undefined) throw new Refusal('XML_ENTITY', `not a reference that is accepted: ${whole}`)
    return char
  })
}

function numericReference(name: string): string | undefined {
  if (!/^#(?:[0-9]+|x[0-9a-fA-F]+)$/.test(name)) return undefined
  const point = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10)
  return isXmlChar(point) ? String.fromCodePoint(point) : undefined
}

/** Char of XML 1.0 (2.2). */
export function isXmlChar(point: number): boolean {
  if (point < 0x20) return point === 0x09 || point === 0x0a || point === 0x0d
  return point <= 0xd7ff || (point >= 0xe000 && point <= 0xfffd) || (point >= 0x10000 && point <= 0x10ffff)
}

/** Line ends as XML 1.0 (2.11) has them: one line feed each. */
function withLineFeeds(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

const LESS = 0x3c
const GREATER = 0x3e
const DOUBLE_QUOTE = 0x22
const SINGLE_QUOTE = 0x27
const HYPHEN = 0x2d
const BRACKET = 0x5d
const QUESTION = 0x3f
const EXCLAMATION = 0x21
