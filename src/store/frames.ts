import { DatabaseError, type DatabaseErrorKind } from './DatabaseError.ts'
import type { TextResult } from './textDatabase.ts'

// What travels between the embedded database's owner and the processes that ask it: JSON behind a length of
// four octets, big-endian. Values cross as PostgreSQL's text and are converted by the asking side.

export type Ask =
  | {
      readonly id: number
      readonly op: 'query'
      readonly sql: string
      readonly parameters?: readonly (string | null)[] | undefined
    }
  /** After `begin`, the connection belongs to that transaction; it ends with either of the others. */
  | { readonly id: number; readonly op: 'begin' | 'commit' | 'rollback' }
  /** A part of a copy of the whole database, from `offset` on, in base64 as the only value; 0 makes the copy. */
  | { readonly id: number; readonly op: 'dump'; readonly offset: number }
  | { readonly id: number; readonly op: 'listen' | 'unlisten'; readonly channel: string }

export type Answer =
  | { readonly id: number; readonly result: TextResult | undefined }
  | { readonly id: number; readonly error: WireError }
  | { readonly channel: string; readonly payload: string }

export interface WireError {
  readonly kind: DatabaseErrorKind
  readonly message: string
  readonly sqlState?: string | undefined
  readonly constraint?: string | undefined
}

// A member list of 100 000 is about 30 MB; an importer's batch far less.
export const MAX_FRAME_BYTES = 128 * 1024 * 1024

/** A copy goes over in parts of so many octets, the last one shorter: a large database needs no large frame. */
export const DUMP_PART_BYTES = 1024 * 1024

export function encodeFrame(message: Ask | Answer): Buffer {
  const body = Buffer.from(JSON.stringify(message))
  if (body.length > MAX_FRAME_BYTES)
    throw new DatabaseError('statement', 'the result or parameters are too large')
  const frame = Buffer.allocUnsafe(4 + body.length)
  frame.writeUInt32BE(body.length)
  body.copy(frame, 4)
  return frame
}

/** Takes octets as they arrive, hands out whole messages. Throws on a frame beyond the limit or not JSON. */
export function createFrameReader<Message extends Ask | Answer>(onMessage: (message: Message) => void) {
  let chunks: Buffer[] = []
  let have = 0
  let need = 4
  let inBody = false
  return (chunk: Buffer) => {
    chunks.push(chunk)
    have += chunk.length
    while (have >= need) {
      const all = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
      const part = all.subarray(0, need)
      chunks = [all.subarray(need)]
      have -= need
      if (inBody) onMessage(JSON.parse(part.toString()) as Message)
      need = inBody ? 4 : part.readUInt32BE()
      inBody = !inBody
      if (need > MAX_FRAME_BYTES) throw new DatabaseError('unavailable', 'a frame beyond the limit')
    }
  }
}
