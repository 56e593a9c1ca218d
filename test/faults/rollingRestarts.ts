// Replaces the daemon again and again under load, on a socket that outlives it: nobody is refused, no connection is
// reset, every daemon ends well. `node test/faults/rollingRestarts.ts [COUNT]`, 50 where no count is given.

import { rollRestarts } from '../supervise/rollRestarts.ts'

const count = Number(process.argv[2] ?? 50)
const { issued, refused, broken, mismatched, exits } = await rollRestarts(count)
const good = refused.length + broken.length + mismatched === 0 && exits.every(code => code === 0)
console.log(
  JSON.stringify({ restarts: count, issued, refused, broken, mismatched, exits, good }, undefined, 2),
)
process.exitCode = good ? 0 : 1
