/**
 * Draws from 0 to size - 1 by Zipf's law with s = 1: the k-th is asked for 1/k times as often as the first. The same seed
 * draws the same. Which is first, second, ... is scattered over all, as those who ask most are.
 */
export function createZipf(size: number, seed: number): () => number {
  const reach = new Float64Array(size)
  let sum = 0
  for (let rank = 0; rank < size; rank++) {
    sum += 1 / (rank + 1)
    reach[rank] = sum
  }
  const random = createRandom(seed)
  return () => {
    const drawn = random() * sum
    let low = 0
    let high = size - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (reach[middle]! < drawn) low = middle + 1
      else high = middle
    }
    return scatter(low, size)
  }
}

/** A prime that divides no size with which it is used, so that every rank has a place of its own. */
const STEP = 611_953

function scatter(rank: number, size: number): number {
  return (rank * STEP) % size
}

/** Numbers from 0 to 1 by Marsaglia's xorshift of 32 bits. */
function createRandom(seed: number): () => number {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
