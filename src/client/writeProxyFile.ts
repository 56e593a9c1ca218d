import { closeSync, constants, fsyncSync, lstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ClientError } from './ClientError.ts'

/**
 * Writes a proxy file, mode 0600 from its first octet on, whole or not at all: into a new file beside it that then
 * takes its name. Whatever bore the name is replaced; a link is, too, never followed. Throws ClientError 'proxy'.
 * @param suffix some random text for the name of the new file
 */
export function writeProxyFile(file: string, text: string, suffix: string): void {
  const temporary = join(dirname(file), `.${basename(file)}.${suffix}`)
  try {
    if (lstatSync(file, { throwIfNoEntry: false })?.isDirectory()) {
      throw new ClientError('proxy', `${file} is a folder`, 'name a file by --out')
    }
    write(temporary, text)
    renameSync(temporary, file)
  } catch (cause) {
    rmSync(temporary, { force: true })
    if (cause instanceof ClientError) throw cause
    const { code = String(cause) } = cause as NodeJS.ErrnoException
    throw new ClientError('proxy', `${file} cannot be written (${code})`, 'name another file by --out', cause)
  }
}

function write(file: string, text: string): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const descriptor = openSync(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
