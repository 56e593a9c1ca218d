/** An HTTP request for an AC, as the listener hands it over. */
export interface RestFrame {
  readonly protocol: 'rest'
  readonly method: string
  /** The raw request target, undecoded: origin form or absolute form. */
  readonly target: string
}

/** A legacy request: the bytes up to the end of the root element, or up to where they stopped making sense. */
export interface LegacyFrame {
  readonly protocol: 'legacy'
  readonly document: Uint8Array
}

/** One request, whichever protocol it came in. */
export type Frame = RestFrame | LegacyFrame
