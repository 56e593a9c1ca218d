/**
 * A typed refusal of some input. `code` is stable and meant for programs (logs, metrics, mapping to the
 * client's text); `message` is for people and names the place. Nothing in native-free/ throws anything else
 * for bad input.
 */
export class Refusal<Code extends string = string> extends Error {
  readonly code: Code
  /** Where in the input: an octet offset, or a line number for text files; -1 when it has no single place. */
  readonly at: number
  constructor(code: Code, message: string, at = -1) {
    super(message)
    this.name = 'Refusal'
    this.code = code
    this.at = at
  }
}
