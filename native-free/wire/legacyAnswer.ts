import { Refusal } from '../refusal.ts'
import { decodeData, decodeList, encodeData, encodeList } from './answerData.ts'
import { escapeXml } from './escapeXml.ts'
import type { IssueAnswer, ReceivedAnswer } from './types.ts'
import { childOf, parseXml, type XmlElement } from './xml.ts'

const HEAD = '<?xml version="1.0" encoding = "US-ASCII"?><vomsans><version>3</version>'
/** An error carries an AC too, the single letter A: clients read the element without looking. */
const NO_AC = new Uint8Array([0x41])

/** What answers of servers may be; an AC has some kilobytes. */
export const ANSWER_LIMITS = { maxBytes: 16 << 20, maxDepth: 16, maxElements: 10_000, maxAttributes: 16 }

/**
 * Writes a legacy answer (docs/protocol.md 3.3), to the byte: warnings and errors first, pure ASCII.
 * @param base64 MIME base64 in lines; else the older code, without any newline
 */
export function formatLegacyAnswer(answer: IssueAnswer, base64: boolean): Uint8Array {
  const items = [...answer.warnings, ...(answer.error === undefined ? [] : [answer.error])]
    .map(
      ({ number, message }) =>
        `<item><number>${number}</number><message>${escapeXml(message, true)}</message></item>`,
    )
    .join('')
  const errors = items === '' ? '' : `<error>${items}</error>`
  return new TextEncoder().encode(`${HEAD}${errors}${data(answer, base64)}</vomsans>`)
}

function data(answer: IssueAnswer, base64: boolean): string {
  if (answer.error !== undefined) return `<ac>${encodeData(NO_AC, base64)}</ac>`
  if (answer.list !== undefined) return `<bitstr>${encodeList(answer.list, base64)}</bitstr>`
  return answer.ac === undefined ? '' : `<ac>${encodeData(answer.ac, base64)}</ac>`
}

/** Reads a legacy answer. Throws Refusal XML_..., ANSWER_UNKNOWN, BASE64_BAD or VOMS64_BAD. */
export function parseLegacyAnswer(bytes: Uint8Array): ReceivedAnswer {
  const root = parseXml(bytes, ANSWER_LIMITS)
  if (root.name !== 'vomsans')
    throw new Refusal('ANSWER_UNKNOWN', `not a legacy answer: ${root.name.slice(0, 100)}`)
  return readLegacyAnswer(root)
}

/** The same from its root element: some servers answer REST requests of old clients with this document. */
export function readLegacyAnswer(root: XmlElement): ReceivedAnswer {
  const items = root.children
    .filter(child => child.name === 'error')
    .flatMap(error => error.children.map(readItem))
  const errors = items.filter(item => item.number >= FIRST_ERROR)
  const ac = childOf(root, 'ac')
  const list = childOf(root, 'bitstr')
  return {
    ac: ac === undefined || errors.length > 0 ? undefined : decodeData(ac.text),
    list: list === undefined || errors.length > 0 ? undefined : decodeList(list.text),
    warnings: items.filter(item => item.number < FIRST_ERROR),
    errors: errors.map(item => ({ ...item, code: String(item.number) })),
  }
}

const FIRST_ERROR = 1000

function readItem(item: XmlElement): { number: number; message: string } {
  const digits = childOf(item, 'number')?.text.trim() ?? ''
  // What has no number is no warning that may be passed over.
  const number = /^[0-9]{1,9}$/.test(digits) ? Number(digits) : 1006
  return { number, message: childOf(item, 'message')?.text ?? '' }
}
