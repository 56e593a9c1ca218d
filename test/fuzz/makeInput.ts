import { bendBytes } from './bendBytes.ts'
import { bendDer } from './bendDer.ts'
import type { Random } from './random.ts'
import type { FuzzTarget } from './target.ts'

/** The next input of a target. Nothing but its corpus and the source of chance decides it. */
export function makeInput(random: Random, target: FuzzTarget): Uint8Array {
  const { corpus, words = [], generate } = target
  if (generate !== undefined && random.oneIn(3)) return generate(random)
  const seed = random.pick(corpus)
  if (random.oneIn(200)) return seed
  if (target.der && !random.oneIn(4)) {
    const bent = bendDer(random, seed, corpus)
    return random.oneIn(10) ? bendBytes(random, bent, words, corpus) : bent
  }
  let bent = seed
  for (let n = random.pick([1, 1, 2, 4]); n > 0; n--) bent = bendBytes(random, bent, words, corpus)
  return bent
}
