/**
 * So many rounds of each side, one after the other within a round, so that what else the machine does hits all alike.
 * Each side goes first as often as the others. Gives the measurements of each side, in order of the rounds.
 */
export async function interleave<T>(
  rounds: number,
  sides: readonly ((round: number) => Promise<T>)[],
): Promise<T[][]> {
  const results: T[][] = sides.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < sides.length; turn++) {
      const side = (round + turn) % sides.length
      results[side]!.push(await sides[side]!(round))
    }
    if (process.stderr.isTTY) process.stderr.write(`\rround ${round + 1} of ${rounds}`)
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  return results
}
