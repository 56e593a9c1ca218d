import { concatBytes } from '../../native-free/bytes/concat.ts'
import type { Random } from './random.ts'

/** Octets that end or begin something in most formats. */
const TELLING = [0x00, 0x01, 0x09, 0x0a, 0x0d, 0x20, 0x22, 0x26, 0x27, 0x2f, 0x30, 0x3c, 0x3e, 0x5c, 0x7f]
const HIGH = [0x80, 0x81, 0x82, 0x84, 0x85, 0x9b, 0xa0, 0xa3, 0xc0, 0xc2, 0xe2, 0xed, 0xf4, 0xfe, 0xff]
const INTERESTING = [...TELLING, ...HIGH]

/** What repetition may make of one input; large ones cost a run its time, so they are rare. */
const MOST_BYTES = [1024, 1024, 1024, 1024, 1024, 1024, 1024, 4096, 4096, 65_536]

/**
 * One random change of an input that knows nothing of its format but its words: octets flipped, removed, doubled,
 * many times repeated, words of the format put in, and pieces of other inputs.
 */
export function bendBytes(
  random: Random,
  input: Uint8Array,
  words: readonly Uint8Array[],
  others: readonly Uint8Array[],
): Uint8Array {
  const at = random.below(input.length + 1)
  const end = Math.min(input.length, at + random.length(input.length))
  const [before, middle, after] = [input.subarray(0, at), input.subarray(at, end), input.subarray(end)]
  switch (random.below(10)) {
    case 0:
      return flipped(random, input)
    case 1:
      return concatBytes(before, after)
    case 2:
      return concatBytes(before, middle, middle, after)
    case 3:
      return concatBytes(before, repeated(middle, random, random.pick(MOST_BYTES) - input.length), after)
    case 4:
      return input.subarray(0, at)
    case 5:
      return concatBytes(before, Uint8Array.of(random.pick(INTERESTING)), input.subarray(at))
    case 6:
    case 7:
      return concatBytes(before, wordOr(random, words), random.oneIn(2) ? after : input.subarray(at))
    case 8: {
      const other = random.pick(others)
      const from = random.below(other.length + 1)
      return concatBytes(before, other.subarray(from, from + random.length(other.length)), after)
    }
    default:
      return replaced(random, input)
  }
}

function wordOr(random: Random, words: readonly Uint8Array[]): Uint8Array {
  return words.length > 0 ? random.pick(words) : random.bytes(random.length(16))
}

function flipped(random: Random, input: Uint8Array): Uint8Array {
  const out = new Uint8Array(input)
  for (let n = random.length(8); n >= 0 && out.length > 0; n--) {
    out[random.below(out.length)]! ^= 1 << random.below(8)
  }
  return out
}

function replaced(random: Random, input: Uint8Array): Uint8Array {
  const out = new Uint8Array(input)
  for (let n = random.length(4); n >= 0 && out.length > 0; n--) {
    out[random.below(out.length)] = random.oneIn(2) ? random.pick(INTERESTING) : random.below(256)
  }
  return out
}

function repeated(piece: Uint8Array, random: Random, room: number): Uint8Array {
  if (piece.length === 0 || room <= 0) return piece
  const times = Math.min(random.pick([2, 8, 100, 5000]), Math.ceil(room / piece.length))
  return concatBytes(...Array.from({ length: times }, () => piece))
}
