import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'

/** A file that cannot be read as one: what is wrong, and what to do. */
export class FileProblem extends Error {
  readonly advice: string
  constructor(what: string, advice: string) {
    super(what)
    this.name = 'FileProblem'
    this.advice = advice
  }
}

/** Octets of a regular file of at most `maxBytes`. Throws FileProblem, whose message names no path. */
export function readInputFile(file: string, maxBytes: number): Uint8Array {
  return withFile(file, (descriptor, size) => {
    if (size > maxBytes) {
      const what = `has ${size} bytes, more than the ${maxBytes} that are read`
      throw new FileProblem(what, 'check that it is the right file')
    }
    return readFileSync(descriptor)
  })
}

/** Whether a file of any size can be read. Throws FileProblem when it cannot. */
export function checkInputFile(file: string): void {
  withFile(file, () => {})
}

function withFile<T>(file: string, work: (descriptor: number, size: number) => T): T {
  let descriptor: number | undefined
  try {
    // Without O_NONBLOCK the opening of a FIFO would never return.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = fstatSync(descriptor)
    if (stat.isDirectory()) throw new FileProblem('is a folder', 'name a file in it')
    if (!stat.isFile()) throw new FileProblem('is not a regular file', 'name a regular file')
    return work(descriptor, stat.size)
  } catch (cause) {
    throw cause instanceof FileProblem ? cause : explain(cause)
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function explain(cause: unknown): FileProblem {
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return new FileProblem('does not exist', 'check its name')
  if (code === 'EACCES' || code === 'EPERM') {
    return new FileProblem('may not be read by this user', 'run as the user that it belongs to')
  }
  if (code === 'ENOTDIR') return new FileProblem('lies below a file, not a folder', 'check its path')
  return new FileProblem(`cannot be read (${code ?? String(cause)})`, 'check the file and its file system')
}
