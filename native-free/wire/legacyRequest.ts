import { Refusal } from '../refusal.ts'
import { escapeXml } from './escapeXml.ts'
import { commandText, parseCommand } from './parseCommand.ts'
import { parseLifetime } from './parseLifetime.ts'
import { parseOrder } from './parseOrder.ts'
import { parseTargets } from './parseTargets.ts'
import { boundedList } from './splitList.ts'
import type { AcRequest, IssueRequest } from './types.ts'
import { type XmlElement, XmlReader } from './xml.ts'

/** Requests of clients nest two deep; their size is bounded again by whoever reads the socket. */
const LIMITS = { maxBytes: 1 << 20, maxDepth: 8, maxElements: 4096, maxAttributes: 16 }

/**
 * Takes a legacy request (docs/protocol.md 3.1) in pieces of any size. The client keeps its side open, so that only
 * the end of the root element tells the end of the request; what comes after it is not looked at.
 */
export class LegacyRequestReader {
  readonly #xml: XmlReader
  readonly #maxBytes: number
  /** The document so far, in an array that doubles: clients may send it octet by octet. */
  #bytes = new Uint8Array(1024)
  #length = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#xml = new XmlReader({ ...LIMITS, maxBytes })
  }

  /**
   * Whether there is more to read. `complete` also for what no continuation could make acceptable: reading
   * document() then tells what is wrong with it.
   */
  push(bytes: Uint8Array): 'incomplete' | 'complete' | 'too-large' {
    this.#keep(bytes.subarray(0, this.#maxBytes - this.#length))
    try {
      return this.#xml.push(bytes) === undefined ? 'incomplete' : 'complete'
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal
      return refusal.code === 'XML_TOO_LARGE' ? 'too-large' : 'complete'
    }
  }

  /** What was pushed, for parseLegacyRequest(). A view that the next push may overwrite. */
  document(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #keep(bytes: Uint8Array): void {
    const length = this.#length + bytes.length
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, this.#bytes.length * 2))
      larger.set(this.document())
      this.#bytes = larger
    }
    this.#bytes.set(bytes, this.#length)
    this.#length = length
  }
}

/** Reads a whole legacy request. Throws Refusal XML_..., REQUEST_NO_COMMAND, REQUEST_TARGET, REQUEST_TOO_LONG. */
export function parseLegacyRequest(document: Uint8Array): IssueRequest {
  const root = new XmlReader(LIMITS).push(document)
  if (root === undefined) throw new Refusal('XML_SYNTAX', 'the document is cut off')
  return readRequest(root)
}

function readRequest(root: XmlElement): IssueRequest {
  const values = (name: string) =>
    root.children.filter(child => child.name === name).map(child => child.text.trim())
  const commands = boundedList(values('command'))
  if (commands.length === 0) throw new Refusal('REQUEST_NO_COMMAND', 'a request without a command')
  return {
    protocol: 'legacy',
    commands: commands.map((text, index) => parseCommand(text, index === 0)),
    order: parseOrder(values('order').at(-1) ?? ''),
    targets: parseTargets(values('targets').at(-1) ?? ''),
    lifetimeSeconds: parseLifetime(values('lifetime').at(-1)),
    base64: values('base64').length > 0,
    unknownParameters: false,
  }
}

/** Writes a legacy request that asks for a base64 answer, to the byte as the C API does. */
export function formatLegacyRequest(request: AcRequest): Uint8Array {
  const commands = request.fqans.map(fqan => element('command', commandText(fqan))).join('')
  const order = request.order === undefined ? '' : element('order', request.order.join(','))
  const targets = request.targets.length === 0 ? '' : element('targets', request.targets.join(','))
  const lifetime = element('lifetime', request.lifetimeSeconds?.toString() ?? '')
  return new TextEncoder().encode(
    `<?xml version="1.0" encoding="US-ASCII"?><voms>${commands}${order}${targets}` +
      `<base64>1</base64><version>4</version>${lifetime}</voms>`,
  )
}

function element(name: string, text: string): string {
  return `<${name}>${escapeXml(text, true)}</${name}>`
}
