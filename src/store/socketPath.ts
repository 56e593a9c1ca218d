import { closeSync, constants, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseError } from './DatabaseError.ts'

// sun_path of unix(7) holds 108 bytes with its final NUL.
const MAX_SOCKET_PATH = 107

/**
 * A path by which the folder's socket can be bound or connected to, and what frees it afterwards. A folder
 * whose path is too long for a socket address is reached through a descriptor on it, where the system has
 * /proc.
 */
export function socketPath(folder: string): { readonly path: string; release(): void } {
  const path = join(folder, 'owner.sock')
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return { path, release() {} }
  if (process.platform !== 'linux') {
    throw new DatabaseError(
      'unavailable',
      `the database folder's path is too long for a socket: ${folder} (at most ${MAX_SOCKET_PATH - '/owner.sock'.length} bytes)`,
    )
  }
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  return { path: `/proc/self/fd/${descriptor}/owner.sock`, release: () => closeSync(descriptor) }
}
