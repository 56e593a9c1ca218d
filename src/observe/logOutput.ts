import { fstatSync, write, writeSync } from 'node:fs'
import { Socket } from 'node:net'

/** Takes whole lines and never blocks, throws or grows: a line that finds no room is dropped. */
export interface LogOutput {
  /** false: dropped. */
  write(line: string): boolean
  /** Resolves when what was taken is out, or cannot be any more; at most so long. */
  drained(ms: number): Promise<void>
}

/** What may wait for a reader that is slow. */
const MAX_WAITING_BYTES = 1024 * 1024

/**
 * Lines to a file descriptor, for as long as this process lives. A reader that stops reading, or that goes away, a
 * disk that is full: all of it costs lines and nothing else.
 * @param onDropped called for each line that was lost
 */
export function openLogOutput(fd: number, onDropped: () => void): LogOutput {
  const stats = fstatSync(fd)
  return stats.isFIFO() || stats.isSocket() ? toStream(fd, onDropped) : toFile(fd, onDropped)
}

/** Lines of so many milliseconds go out together: one by one their writes cost more than all else about them. */
const GATHER_MS = 10

/** Lines that have not gone out yet. */
class Gathered {
  characters = 0
  #lines: string[] = []

  add(line: string): void {
    this.#lines.push(line)
    this.characters += line.length
  }

  take(): { readonly bytes: Buffer; readonly count: number } {
    const lines = this.#lines
    this.#lines = []
    this.characters = 0
    return { bytes: Buffer.from(lines.join('')), count: lines.length }
  }
}

/** The kernel's buffer, then ours. Node.js makes such descriptors non-blocking. */
function toStream(fd: number, onDropped: () => void): LogOutput {
  const socket = new OpenSocket({ fd, readable: false, writable: true })
  const gathered = new Gathered()
  let timer: NodeJS.Timeout | undefined
  let gone = false
  socket.on('error', () => {
    gone = true
  })
  socket.on('close', () => {
    gone = true
  })
  socket.unref()

  function writeGathered(): void {
    clearTimeout(timer)
    timer = undefined
    const { bytes, count } = gathered.take()
    if (count === 0) return
    socket.write(bytes, error => {
      if (error) for (let lost = 0; lost < count; lost++) onDropped()
    })
  }

  // Of a process that fails the last lines are wanted most; the system takes at once what it has room for.
  process.once('exit', writeGathered)

  return {
    write(line) {
      if (gone || socket.writableLength + gathered.characters > MAX_WAITING_BYTES) {
        onDropped()
        return false
      }
      gathered.add(line)
      timer ??= setTimeout(writeGathered, GATHER_MS)
      return true
    },
    async drained(ms) {
      writeGathered()
      if (gone || socket.writableLength === 0) return
      await settled(ms, done => socket.write('', done))
    },
  }
}

/** One that never closes its descriptor: a process that lost its log must not find something else under number 1. */
class OpenSocket extends Socket {
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    done(error)
  }
}

/** One write at a time in a thread of the pool, so that a slow disk stops nobody. */
function toFile(fd: number, onDropped: () => void): LogOutput {
  const gathered = new Gathered()
  let timer: NodeJS.Timeout | undefined
  let writing = false
  const onIdle: (() => void)[] = []

  function writeGathered(): void {
    clearTimeout(timer)
    timer = undefined
    const { bytes, count } = gathered.take()
    writing = count > 0
    if (writing) writeAll(bytes, count)
    else for (const tell of onIdle.splice(0)) tell()
  }

  function writeAll(bytes: Buffer, lines: number): void {
    write(fd, bytes, (error, written) => {
      // Of a full disk only a part may have been taken; which lines it cut nobody can tell.
      if (error) for (let lost = 0; lost < lines; lost++) onDropped()
      else if (written < bytes.length) return writeAll(bytes.subarray(written), lines)
      writing = false
      if (onIdle.length > 0) writeGathered()
      else if (gathered.characters > 0) plan()
    })
  }

  function plan(): void {
    timer ??= setTimeout(writeGathered, GATHER_MS)
  }

  process.once('exit', () => {
    try {
      writeSync(fd, gathered.take().bytes)
    } catch {
      // There is nobody left to tell.
    }
  })

  return {
    write(line) {
      if (gathered.characters > MAX_WAITING_BYTES) {
        onDropped()
        return false
      }
      gathered.add(line)
      if (!writing) plan()
      return true
    },
    async drained(ms) {
      if (!writing) writeGathered()
      if (writing) await settled(ms, done => onIdle.push(done))
    },
  }
}

function settled(ms: number, begin: (done: () => void) => void): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms)
    begin(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
