import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileStamp } from './readTrustFile.ts'
import { trustFileName } from './trustFileName.ts'

/**
 * A digest over name, inode, size and change times of every file that a load would read, links followed: equal
 * as long as nothing was touched. Reads no file; an unreadable directory has a digest too. Never throws.
 */
export async function trustStamp(folder: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    for (const name of (await readdir(folder)).sort()) {
      if (trustFileName(name) !== undefined) hash.update(`${name}=${await stampOf(join(folder, name))}\n`)
    }
  } catch (cause) {
    hash.update(`unreadable: ${(cause as NodeJS.ErrnoException).code}`)
  }
  return hash.digest('hex')
}

async function stampOf(path: string): Promise<string> {
  try {
    return fileStamp(await stat(path, { bigint: true }))
  } catch (cause) {
    return String((cause as NodeJS.ErrnoException).code)
  }
}
