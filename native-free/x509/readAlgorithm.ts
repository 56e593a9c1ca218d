import type { DerReader } from '../der/reader.ts'
import { TAG } from '../der/tag.ts'
import type { AlgorithmIdentifier } from './certificate.ts'

/** Reads the AlgorithmIdentifier (RFC 5280 4.1.1.2) at the cursor; its parameters are kept unread within `der`. */
export function readAlgorithm(reader: DerReader): AlgorithmIdentifier {
  const start = reader.at
  const fields = reader.enter(TAG.sequence)
  const oid = fields.oid()
  if (!fields.done) fields.skip()
  fields.finish()
  return { oid, der: reader.bytes.subarray(start, reader.at) }
}
