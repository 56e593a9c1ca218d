import { writeFileSync } from 'node:fs'
import signBatch, { type SignBatch } from '../../../src/issue/sign/signWorker.ts'

let stuck = false

/**
 * The real worker, but that a value holding "die-now" ends its thread, "throw-now" throws, and "hang-now" keeps it
 * busy for ever. With "once" beside it only where no other thread has met it yet.
 */
export default function mortalWorker(batch: SignBatch) {
  const text = Buffer.from(batch.bytes).toString('latin1')
  const mark = /(die|throw|hang)-now(?: once (\S+\.flag))?/.exec(text)
  if (mark !== null && isFirst(mark[2])) {
    if (mark[1] === 'die') process.exit(7)
    if (mark[1] === 'throw') throw new Error('thrown in the worker')
    for (stuck = true; stuck; );
  }
  return signBatch(batch)
}

function isFirst(flag: string | undefined): boolean {
  if (flag === undefined) return true
  try {
    writeFileSync(flag, '', { flag: 'wx' })
    return true
  } catch {
    return false
  }
}
