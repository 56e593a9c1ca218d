import { createReadStream, createWriteStream, type WriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'

/** A log of changes, a JSON line each, that holds only what was committed. */
export interface ChangeLog {
  add(entry: Readonly<Record<string, unknown>>): Promise<void> | undefined
  /** Appends what was added to the file. */
  commit(): Promise<void>
  /** Forgets what was added. */
  discard(): Promise<void>
}

/**
 * Opens the log `file` (made with mode 0600, appended to otherwise). Entries wait beside it in FILE.part until they
 * are committed, so that no line tells of what was undone. Throws the file system's errors.
 */
export function openChangeLog(file: string): ChangeLog {
  const part = `${file}.part`
  let waiting: WriteStream | undefined

  async function close(): Promise<boolean> {
    const stream = waiting
    if (stream === undefined) return false
    waiting = undefined
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    stream.once('error', reject).end(() => resolve())
    await promise
    return true
  }

  return {
    add(entry) {
      waiting ??= createWriteStream(part, { mode: 0o600 })
      const stream = waiting
      if (stream.write(`${JSON.stringify(entry)}\n`)) return undefined
      return new Promise((resolve, reject) => {
        stream.once('drain', resolve).once('error', reject)
      })
    },
    async commit() {
      if (!(await close())) return
      await pipeline(createReadStream(part), createWriteStream(file, { flags: 'a', mode: 0o600 }))
      await rm(part)
    },
    async discard() {
      if (await close()) await rm(part, { force: true })
    },
  }
}
