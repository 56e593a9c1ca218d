import { Refusal } from '../refusal.ts'

// The older code of the legacy protocol (docs/protocol.md 3.5): base64's bit order with another alphabet, no
// padding and no line breaks. Receivers tell it from base64 by the absence of a newline.
const ALPHABET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789[]'
const VALUES = new Map([...ALPHABET].map((char, value) => [char, value]))

/** n bytes in ceil(8n/6) characters. */
export function toVoms64(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let count = 0
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0x3fff
    count += 8
    while (count >= 6) {
      count -= 6
      text += ALPHABET[(bits >> count) & 63]
    }
  }
  return count > 0 ? text + ALPHABET[(bits << (6 - count)) & 63] : text
}

/** Throws Refusal VOMS64_BAD: other characters, a length that no bytes have, stray bits at the end. */
export function fromVoms64(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.floor((text.length * 6) / 8))
  let bits = 0
  let count = 0
  let length = 0
  for (let i = 0; i < text.length; i++) {
    const value = VALUES.get(text[i]!)
    if (value === undefined) throw new Refusal('VOMS64_BAD', `unexpected character at ${i}`, i)
    bits = ((bits << 6) | value) & 0x3fff
    count += 6
    if (count >= 8) {
      count -= 8
      bytes[length++] = bits >> count
    }
    bits &= (1 << count) - 1
  }
  if (count === 6 || bits !== 0)
    throw new Refusal('VOMS64_BAD', 'the text does not end on an octet', text.length)
  return bytes
}
