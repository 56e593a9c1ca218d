import { createHash } from 'node:crypto'
import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { FindingCode } from './finding.ts'

/** One slice of reading and hashing; at 400 MB/s of SHA-256 it holds the event loop for under a millisecond. */
const READ_CHUNK_BYTES = 256 * 1024

export type TrustFileRead =
  | { readonly kind: 'read'; readonly bytes: Uint8Array; readonly digest: string }
  /** The name no longer exists, or is a symbolic link to nothing. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'fault'; readonly code: FindingCode; readonly what: string; readonly advice: string }

/**
 * Reads one file, following symbolic links, with its SHA-256 in hex. A file that changes meanwhile, is larger
 * than `maxBytes`, or is not a regular file is a fault; nothing is thrown. Does not block the event loop.
 */
export async function readTrustFile(path: string, maxBytes: number): Promise<TrustFileRead> {
  let handle: FileHandle | undefined
  try {
    // Without O_NONBLOCK the opening of a FIFO would never return.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    return await readOpened(handle, path, maxBytes)
  } catch (cause) {
    return explain(cause)
  } finally {
    await handle?.close().catch(() => undefined)
  }
}

/** What tells one state of a file from another without reading it: inode, size and both change times. */
export function fileStamp(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`
}

async function readOpened(handle: FileHandle, path: string, maxBytes: number): Promise<TrustFileRead> {
  const before = await handle.stat({ bigint: true })
  if (!before.isFile()) {
    return fault('unreadable', 'is not a regular file', 'replace it by the file that belongs under this name')
  }
  if (before.size > BigInt(maxBytes)) {
    const what = `has ${before.size} bytes, more than the ${maxBytes} that are read`
    return fault('too-large', what, 'check where this file comes from')
  }
  // One octet more than the size, so that a file that grows is noticed.
  const buffer = Buffer.allocUnsafeSlow(Number(before.size) + 1)
  const hash = createHash('sha256')
  let length = 0
  while (length < buffer.length) {
    const room = Math.min(READ_CHUNK_BYTES, buffer.length - length)
    const { bytesRead } = await handle.read(buffer, length, room, length)
    if (bytesRead === 0) break
    hash.update(buffer.subarray(length, length + bytesRead))
    length += bytesRead
  }
  const after = await handle.stat({ bigint: true })
  const named = await stat(path, { bigint: true })
  const settled =
    fileStamp(before) === fileStamp(after) &&
    fileStamp(after) === fileStamp(named) &&
    BigInt(length) === before.size
  if (!settled)
    return fault('changing', 'was being written while it was read', 'nothing: it is read again soon')
  return { kind: 'read', bytes: buffer.subarray(0, length), digest: hash.digest('hex') }
}

function explain(cause: unknown): TrustFileRead {
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return { kind: 'gone' }
  if (code === 'EACCES' || code === 'EPERM') {
    return fault('unreadable', 'may not be read by this process', 'make it readable for the service user')
  }
  if (code === 'ELOOP') return fault('unreadable', 'is a symbolic link that leads to itself', 'mend the link')
  return fault(
    'unreadable',
    `cannot be read (${code ?? String(cause)})`,
    'check the file and its file system',
  )
}

function fault(code: FindingCode, what: string, advice: string): TrustFileRead {
  return { kind: 'fault', code, what, advice }
}
