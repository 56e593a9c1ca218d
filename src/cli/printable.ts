/**
 * Text from elsewhere (DNs, FQANs, reasons, file names) made safe for a terminal: control characters, those that
 * reorder or hide text, line separators and lone surrogates become \xHH or \u{H}. Everything else stays.
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, character => {
    const code = character.codePointAt(0)!
    const hex = code.toString(16).toUpperCase()
    return code <= 0xff ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`
  })
}

// Cc: controls; Cf: bidirectional and zero-width format characters, tags, soft hyphen; Cs: lone surrogates;
// Zl, Zp: line and paragraph separators.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
