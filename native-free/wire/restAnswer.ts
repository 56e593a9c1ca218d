import { toBase64Lines } from '../bytes/base64.ts'
import { Refusal } from '../refusal.ts'
import { decodeData, decodeList, encodeList } from './answerData.ts'
import { escapeXml } from './escapeXml.ts'
import { ANSWER_LIMITS, readLegacyAnswer } from './legacyAnswer.ts'
import type { IssueAnswer, ReceivedAnswer } from './types.ts'
import { childOf, parseXml, type XmlElement } from './xml.ts'

const HEAD = '<?xml version="1.0" encoding="UTF-8"?><voms>'

/** Writes the body of a REST answer (docs/protocol.md 2.3), to the byte: one document, nothing after it. */
export function formatRestAnswer(answer: IssueAnswer): Uint8Array {
  const { ac, list, warnings, error } = answer
  const parts = [
    ac === undefined || error !== undefined ? '' : `<ac>${toBase64Lines(ac)}</ac>`,
    list === undefined || error !== undefined ? '' : `<bitstr>${encodeList(list, true)}</bitstr>`,
    ...warnings.map(warning => `<warning>${escapeXml(warning.message, false)}</warning>`),
    error === undefined
      ? ''
      : `<error><code>${error.code}</code><message>${escapeXml(error.message, false)}</message></error>`,
  ]
  return new TextEncoder().encode(`${HEAD}${parts.join('')}</voms>`)
}

/**
 * Reads the body of a REST answer of any VOMS server (docs/protocol.md 2.3, 2.4); a legacy document is read as
 * such. Whatever the HTTP status says, only an answer without errors grants anything.
 * Throws Refusal XML_..., ANSWER_UNKNOWN, BASE64_BAD or VOMS64_BAD.
 */
export function parseRestAnswer(body: Uint8Array): ReceivedAnswer {
  const root = parseXml(body, ANSWER_LIMITS)
  if (root.name === 'vomsans') return readLegacyAnswer(root)
  if (root.name === 'error')
    return { ac: undefined, list: undefined, warnings: [], errors: [readError(root)] }
  if (root.name !== 'voms')
    throw new Refusal('ANSWER_UNKNOWN', `not a VOMS answer: ${root.name.slice(0, 100)}`)
  const errors = root.children.filter(child => child.name === 'error').map(readError)
  const ac = childOf(root, 'ac')
  const list = childOf(root, 'bitstr')
  return {
    ac: ac === undefined || errors.length > 0 ? undefined : decodeData(ac.text),
    list: list === undefined || errors.length > 0 ? undefined : decodeList(list.text),
    warnings: root.children
      .filter(child => child.name === 'warning')
      .map(({ text }) => ({
        number: warningNumber(text),
        message: text,
      })),
    errors,
  }
}

function readError(error: XmlElement): { code: string; number: number; message: string } {
  const code = childOf(error, 'code')?.text.trim() ?? ''
  return { code, number: errorNumber(code), message: childOf(error, 'message')?.text ?? '' }
}

const NUMBERS = new Map([
  ['NoSuchUser', 1001],
  ['SuspendedUser', 1004],
  ['BadRequest', 1005],
])

/** Legacy number of a REST code: words of vomsd, numbers of INDIGO IAM. */
function errorNumber(code: string): number {
  return NUMBERS.get(code) ?? (/^10[0-9]{2}$/.test(code) ? Number(code) : 1006)
}

/** REST warnings have no number: it is told from the words that all servers use. */
function warningNumber(text: string): number {
  if (text.includes('validity')) return 2
  if (text.includes('selected')) return 1
  return text.includes('contains attributes') ? 3 : 4
}
