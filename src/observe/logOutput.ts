import { fstatSync, write } from 'node:fs'
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

/** The kernel's buffer, then ours. Node.js makes such descriptors non-blocking. */
function toStream(fd: number, onDropped: () => void): LogOutput {
  const socket = new OpenSocket({ fd, readable: false, writable: true })
  let gone = false
  socket.on('error', () => {
    gone = true
  })
  socket.on('close', () => {
    gone = true
  })
  socket.unref()
  return {
    write(line) {
      if (gone || socket.writableLength > MAX_WAITING_BYTES) {
        onDropped()
        return false
      }
      socket.write(line, error => {
        if (error) onDropped()
      })
      return true
    },
    async drained(ms) {
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
  let waiting: string[] = []
  let waitingLength = 0
  let writing = false
  const onIdle: (() => void)[] = []

  function writeNext(): void {
    if (waiting.length === 0) {
      writing = false
      for (const tell of onIdle.splice(0)) tell()
      return
    }
    writing = true
    const lines = waiting
    waiting = []
    waitingLength = 0
    writeAll(Buffer.from(lines.join('')), lines.length)
  }

  function writeAll(bytes: Buffer, lines: number): void {
    write(fd, bytes, (error, written) => {
      // Of a full disk only a part may have been taken; which lines it cut nobody can tell.
      if (error) for (let lost = 0; lost < lines; lost++) onDropped()
      else if (written < bytes.length) return writeAll(bytes.subarray(written), lines)
      writeNext()
    })
  }

  return {
    write(line) {
      if (waitingLength > MAX_WAITING_BYTES) {
        onDropped()
        return false
      }
      waiting.push(line)
      waitingLength += line.length
      if (!writing) writeNext()
      return true
    },
    async drained(ms) {
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
