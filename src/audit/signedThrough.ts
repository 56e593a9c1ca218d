import type { KeyObject } from 'node:crypto'
import { isSigned } from './checkpoint.ts'
import { type Frame, fieldsOf } from './frame.ts'
import { publicKeyPath, readPublicKeys } from './headKey.ts'
import { readLog } from './readLog.ts'
import type { CheckpointRecord } from './records.ts'
import { HEADS, listSegments } from './segmentFiles.ts'

/** Number of a log's newest record that a checkpoint signs; 0 when none does. */
export async function signedThrough(folder: string, log: string, headKey: string): Promise<number> {
  const keys = readPublicKeys([publicKeyPath(headKey)])
  for (const segment of (await listSegments(folder, HEADS)).reverse()) {
    const last = await lastSigned(folder, segment, keys)
    if (last !== undefined) return last.logs.find(head => head.log === log)?.n ?? 0
  }
  return 0
}

async function lastSigned(
  folder: string,
  segment: number,
  keys: ReadonlyMap<string, KeyObject>,
): Promise<CheckpointRecord | undefined> {
  let last: { previous: string; frame: Pick<Frame, 'body'> } | undefined
  let previous = ''
  for await (const chunk of readLog(folder, HEADS, { fromSegment: segment })) {
    if (chunk.segment !== segment) break
    for (const frame of chunk.frames) {
      if (frame.k === 'checkpoint') last = { previous, frame: { body: frame.body } }
      previous = frame.hash
    }
  }
  if (last === undefined || !isSigned(keys, last.previous, last.frame)) return undefined
  return fieldsOf<CheckpointRecord>(last.frame)
}
