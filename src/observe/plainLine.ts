/**
 * A log line, which is JSON, with everything that could steer a terminal or hide text written as \uXXXX: JSON
 * itself escapes only the controls below U+0020. Foreign text reaches the log as it was sent, so somebody who
 * reads the log by eye must not be at its mercy. What the line says stays the same to every JSON parser.
 */
export function plainLine(line: string): string {
  return UNSAFE.test(line) ? line.replace(UNSAFE_EACH, escapeUnits) : line
}

// DEL and the C1 controls (one of them begins escape sequences); format characters, which reorder or hide text;
// line and paragraph separators; lone surrogates.
const UNSAFE = /[\x7f-\x9f\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u
const UNSAFE_EACH = new RegExp(UNSAFE, 'gu')

function escapeUnits(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    const unit = character.charCodeAt(at).toString(16).padStart(4, '0')
    return `\\u${unit}`
  }).join('')
}
