import signBatch, { type SignBatch } from '../../../src/issue/sign/signWorker.ts'

/** The real worker, but that a value holding the octets "die!" ends its thread, and "throw!" throws. */
export default function mortalWorker(batch: SignBatch) {
  const text = Buffer.from(batch.bytes).toString('latin1')
  if (text.includes('die-now')) process.exit(7)
  if (text.includes('throw-now')) throw new Error('thrown in the worker')
  return signBatch(batch)
}
