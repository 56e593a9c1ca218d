import { fromBase64, toBase64Lines } from '../bytes/base64.ts'
import { fromVoms64, toVoms64 } from './voms64.ts'

/** How `<ac>` and `<bitstr>` are encoded (docs/protocol.md 3.5): base64 in lines, or the older code in one. */
export function encodeData(bytes: Uint8Array, base64: boolean): string {
  return base64 ? toBase64Lines(bytes) : toVoms64(bytes)
}

/** A newline anywhere means base64. Throws Refusal BASE64_BAD or VOMS64_BAD. */
export function decodeData(text: string): Uint8Array {
  return text.includes('\n') ? fromBase64(text) : fromVoms64(text)
}

/** The text of a list answer: one FQAN a line, each line ended. */
export function encodeList(fqans: readonly string[], base64: boolean): string {
  return encodeData(new TextEncoder().encode(fqans.map(fqan => `${fqan}\n`).join('')), base64)
}

export function decodeList(text: string): string[] {
  return new TextDecoder()
    .decode(decodeData(text))
    .split('\n')
    .filter(line => line !== '')
}
