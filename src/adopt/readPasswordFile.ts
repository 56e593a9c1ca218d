import { readFileSync, statSync } from 'node:fs'
import { SourceError } from './SourceError.ts'

/** The first line of a password file that nobody else may read. Throws SourceError SOURCE_ADDRESS. */
export function readPasswordFile(file: string): string {
  try {
    if ((statSync(file).mode & 0o007) !== 0) {
      throw new SourceError('SOURCE_ADDRESS', `${file} may be read by everybody: chmod 0600 ${file}`)
    }
    return readFileSync(file, 'utf8').split('\n', 1)[0]!.replace(/\r$/, '')
  } catch (cause) {
    if (cause instanceof SourceError) throw cause
    throw new SourceError('SOURCE_ADDRESS', `${file} cannot be read: ${(cause as Error).message}`, cause)
  }
}
