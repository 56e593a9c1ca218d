import { hash } from 'node:crypto'
import { close, constants, fdatasync, ftruncate, open, write } from 'node:fs'
import { open as openFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Tail } from './records.ts'

/** One segment, open for appending. */
export interface SegmentFile {
  /** How many of the octets are written, durably, once it resolves: fewer than given when the disk becomes full. */
  write(bytes: Uint8Array, position: number): Promise<number>
  /** Cuts the file back, durably. */
  truncate(length: number): Promise<void>
  close(): Promise<void>
}

/** The file system as a log needs it; tests hand in one that fails. */
export interface SegmentStorage {
  /** A new file (0600); one that is there already is replaced. */
  create(path: string): Promise<SegmentFile>
  /** Gives a finished beginning its name, durably. */
  publish(from: string, to: string): Promise<void>
  /** Makes sure that what can be read of a file is on disk. */
  settle(path: string): Promise<void>
  /** What follows `length` in a file; undefined when nothing does. */
  tail(path: string, length: number): Promise<Tail | undefined>
  remove(path: string): Promise<void>
}

const { O_CREAT, O_TRUNC, O_WRONLY, O_DSYNC } = constants

/**
 * The real one. O_DSYNC makes each write durable before it returns, as write and fdatasync do, but by one system call
 * and one turn in the thread pool: half the processor time (bench/micro/audit.ts). It is also what Node.js still
 * allows under its permission model.
 */
export const segmentStorage: SegmentStorage = {
  async create(path) {
    const fd = await promise<number>(done => open(path, O_CREAT | O_TRUNC | O_WRONLY | O_DSYNC, 0o600, done))
    return {
      write: (bytes, position) => promise(done => write(fd, bytes, 0, bytes.length, position, done)),
      async truncate(length) {
        await promise<void>(done => ftruncate(fd, length, done))
        await promise<void>(done => fdatasync(fd, done))
      },
      close: () => promise(done => close(fd, done)),
    }
  },
  async publish(from, to) {
    await rename(from, to)
    await sync(dirname(to), 'r')
  },
  settle: path => sync(path, 'r+'),
  async tail(path, length) {
    const file = await openFile(path, 'r')
    try {
      const { size } = await file.stat()
      if (size <= length) return undefined
      const bytes = Buffer.alloc(size - length)
      const { bytesRead } = await file.read(bytes, 0, bytes.length, length)
      return { bytes: bytesRead, sha256: hash('sha256', bytes.subarray(0, bytesRead), 'hex') }
    } finally {
      await file.close()
    }
  },
  remove: path => rm(path, { force: true }),
}

async function sync(path: string, flags: string): Promise<void> {
  const file = await openFile(path, flags)
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

function promise<T>(start: (done: (error: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value as T)))
  })
}
