import { fromBase64, toBase64Lines } from '../bytes/base64.ts'
import { Refusal } from '../refusal.ts'

export type PemCode = 'PEM_UNTERMINATED' | 'PEM_BAD_BOUNDARY' | 'PEM_HEADERS' | 'PEM_BAD_BASE64'

/** One block: its label (as CERTIFICATE, X509 CRL), its octets, and the 1-based line where it begins. */
export interface PemBlock {
  readonly label: string
  readonly der: Uint8Array<ArrayBuffer>
  readonly at: number
}

const BEGIN = /^-----BEGIN ([A-Za-z0-9 #._-]{1,64})-----[ \t]*$/

/**
 * All PEM blocks of a text (RFC 7468), in order; other text before, between and after them is ignored. Refuses a
 * block that does not end, ends under another label, or does not hold base64; and one with headers (RFC 1421
 * encryption) with PEM_HEADERS. `at` of a refusal is a line number.
 */
export function decodePem(text: string): PemBlock[] {
  const blocks: PemBlock[] = []
  let open: { label: string; line: number; body: string[] } | undefined
  let line = 0
  for (const raw of text.split('\n')) {
    line++
    const row = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    const boundary = row.startsWith('-----')
    if (!open) {
      const label = boundary ? BEGIN.exec(row)?.[1] : undefined
      if (label !== undefined) open = { label, line, body: [] }
    } else if (!boundary) {
      open.body.push(row)
    } else if (row.trimEnd() === `-----END ${open.label}-----`) {
      blocks.push({ label: open.label, der: decodeBody(open), at: open.line })
      open = undefined
    } else {
      throw refuse('PEM_BAD_BOUNDARY', `block of line ${open.line} is not ended by its own label`, line)
    }
  }
  if (open) throw refuse('PEM_UNTERMINATED', `block of line ${open.line} has no end`, open.line)
  return blocks
}

function decodeBody(block: { line: number; body: string[] }): Uint8Array<ArrayBuffer> {
  if (block.body.some(row => row.includes(':'))) {
    throw refuse('PEM_HEADERS', `block of line ${block.line} has headers`, block.line)
  }
  try {
    return fromBase64(block.body.join('\n'))
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    throw refuse('PEM_BAD_BASE64', `block of line ${block.line}: ${cause.message}`, block.line)
  }
}

function refuse(code: PemCode, message: string, line: number): Refusal<PemCode> {
  return new Refusal(code, message, line)
}

/** One PEM block with lines of 64 columns and a final LF (RFC 7468). */
export function encodePem(label: string, der: Uint8Array): string {
  return `-----BEGIN ${label}-----\n${toBase64Lines(der)}-----END ${label}-----\n`
}
