import { isUtf8 } from 'node:buffer'

export type DumpCharset = 'utf8' | 'latin1'

/** The encodings of MySQL that are read here, by the names it gives them; undefined for any other. */
export function dumpCharset(name: string): DumpCharset | undefined {
  switch (name.toLowerCase()) {
    case 'utf8':
    case 'utf8mb3':
    case 'utf8mb4':
    case 'ascii':
      return 'utf8'
    case 'latin1':
      return 'latin1'
    default:
      return undefined
  }
}

/** The text, or undefined where the octets are none in that encoding. MySQL's latin1 is windows-1252. */
export function decodeDumpText(bytes: Uint8Array, charset: DumpCharset): string | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (charset === 'utf8') return isUtf8(buffer) ? buffer.toString('utf8') : undefined
  return buffer.toString('latin1').replace(/[\x80-\x9f]/g, char => WINDOWS_1252[char.charCodeAt(0) - 0x80]!)
}

// 0x81, 0x8D, 0x8F, 0x90 and 0x9D stand for themselves in MySQL.
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'
