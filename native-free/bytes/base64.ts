import { Refusal } from '../refusal.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const CODES = Uint8Array.from(ALPHABET, char => char.charCodeAt(0))
const PAD = 0x3d
const LF = 0x0a
const LINE_COLUMNS = 64
const LINE_OCTETS = 48

const SKIP = 0x80
const BAD = 0xff
/** Character code to its six bits, SKIP for white space, BAD for the rest. */
const VALUES = new Uint8Array(256).fill(BAD)
for (let i = 0; i < 64; i++) VALUES[CODES[i]!] = i
for (const space of [0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20]) VALUES[space] = SKIP

const ascii = new TextDecoder()

/** Base64 (RFC 4648 4) in one line, padded. */
export function toBase64(bytes: Uint8Array): string {
  const out = new Uint8Array(Math.ceil(bytes.length / 3) * 4)
  encodeInto(out, 0, bytes, 0, bytes.length)
  return ascii.decode(out)
}

/**
 * Base64 in lines of 64 columns, each ended by LF, the last included. VOMS clients tell base64 from their older
 * code by the presence of a newline. No bytes give the empty string.
 */
export function toBase64Lines(bytes: Uint8Array): string {
  const columns = Math.ceil(bytes.length / 3) * 4
  const out = new Uint8Array(columns + Math.ceil(columns / LINE_COLUMNS))
  let at = 0
  for (let from = 0; from < bytes.length; from += LINE_OCTETS) {
    at = encodeInto(out, at, bytes, from, Math.min(from + LINE_OCTETS, bytes.length))
    out[at++] = LF
  }
  return ascii.decode(out)
}

/** Encodes bytes[from, to) into out at `at`, padded; returns the place after. */
function encodeInto(out: Uint8Array, at: number, bytes: Uint8Array, from: number, to: number): number {
  let o = at
  let i = from
  for (; i + 2 < to; i += 3) {
    const group = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!
    out[o++] = CODES[group >> 18]!
    out[o++] = CODES[(group >> 12) & 63]!
    out[o++] = CODES[(group >> 6) & 63]!
    out[o++] = CODES[group & 63]!
  }
  if (i === to) return o
  const two = i + 1 < to
  const group = (bytes[i]! << 16) | (two ? bytes[i + 1]! << 8 : 0)
  out[o++] = CODES[group >> 18]!
  out[o++] = CODES[(group >> 12) & 63]!
  out[o++] = two ? CODES[(group >> 6) & 63]! : PAD
  out[o++] = PAD
  return o
}

/**
 * Octets of a base64 text in one line or many: ASCII white space is skipped anywhere, padding may be missing.
 * Refuses with BASE64_BAD: other characters, text after padding, a wrong number of characters, and stray bits in
 * the last one (RFC 4648 3.5).
 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(Math.ceil((text.length * 3) / 4))
  let length = 0
  let group = 0
  let count = 0
  let pads = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const value = code > 0xff ? BAD : VALUES[code]!
    if (value === SKIP) continue
    if (code === PAD) {
      pads++
      continue
    }
    if (value === BAD || pads > 0) throw new Refusal('BASE64_BAD', `unexpected character at ${i}`, i)
    group = ((group << 6) | value) & 0xffffff
    if (++count % 4 === 0) {
      out[length++] = group >> 16
      out[length++] = (group >> 8) & 0xff
      out[length++] = group & 0xff
    }
  }
  return finish(out, length, group, count % 4, pads)
}

function finish(out: Uint8Array<ArrayBuffer>, length: number, group: number, left: number, pads: number) {
  const wantedPads = (4 - left) % 4
  const strayBits = left === 2 ? group & 15 : left === 3 ? group & 3 : 0
  if (left === 1 || (pads !== 0 && pads !== wantedPads) || strayBits !== 0) {
    throw new Refusal('BASE64_BAD', 'base64 does not end on an octet')
  }
  if (left === 2) out[length++] = (group >> 4) & 0xff
  if (left === 3) {
    out[length++] = (group >> 10) & 0xff
    out[length++] = (group >> 2) & 0xff
  }
  return out.slice(0, length)
}
