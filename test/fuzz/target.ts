import type { Random } from './random.ts'

/** How an input fared: accepted, or refused with a code. */
export type Outcome = 'accepted' | (string & {})

/**
 * Something that takes octets from strangers. `run` answers how it fared; whatever else it throws, a violated
 * expectation included, is a finding.
 */
export interface FuzzTarget {
  readonly name: string
  /** Valid inputs, and some that once were trouble. */
  readonly corpus: readonly Uint8Array[]
  /** Words of the format. */
  readonly words?: readonly Uint8Array[]
  /** Where the input is DER, most changes respect its structure. */
  readonly der?: boolean
  /** An input made from scratch, now and then in place of a bent one. */
  readonly generate?: (random: Random) => Uint8Array
  readonly run: (input: Uint8Array, random: Random) => Outcome | Promise<Outcome>
  /** Its inputs cost so many times those of others; a run gives it that many fewer. */
  readonly weight?: number
  /** How many of its inputs are under way at once; default 1. */
  readonly parallel?: number
}

/** The octets of a text. */
export const octets = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A violated expectation: a finding with a name of its own. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

export function insist(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Violation(what)
}
