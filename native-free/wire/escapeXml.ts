import { isXmlChar } from './xml.ts'

/**
 * Text for an XML document: `& < >` and carriage returns escaped, and what no XML document may hold (control
 * characters, lone surrogates) replaced by U+FFFD, so that the document always parses.
 * @param ascii write everything above 0x7F as numeric character references
 */
export function escapeXml(text: string, ascii: boolean): string {
  if (/^[\t\n\x20-\x25\x27-\x3b\x3d\x3f-\x7e]*$/.test(text)) return text
  let escaped = ''
  for (const char of text) escaped += escapeChar(char, ascii)
  return escaped
}

function escapeChar(char: string, ascii: boolean): string {
  const point = char.codePointAt(0)!
  if (!isXmlChar(point)) return ascii ? '&#65533;' : '\ufffd'
  switch (char) {
    case '&':
      return '&amp;'
    case '<':
      return '&lt;'
    case '>':
      return '&gt;'
    case '\r':
      return '&#13;'
  }
  return ascii && point > 0x7e ? `&#${point};` : char
}
