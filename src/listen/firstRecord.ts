import type { Socket } from 'node:net'

/** What a client says first, read before anything is done for it. */
export interface FirstRecord {
  /** Stops reading, and has the connection's next reader find what came. */
  giveBack(): void
}

const HANDSHAKE = 22
const HEADER_BYTES = 5
/** Of TLS (RFC 8446 5.1). With more, whoever judges the record refuses it by its header. */
const MOST_CONTENT = 2 ** 14

/**
 * Reads a connection that is not read yet until its first TLS record is whole, or cannot become one: a client that says
 * nothing, or half of it, costs no more than its socket. One that leaves, or sends more before anybody answers than
 * any client has to say, is closed.
 */
export function readFirstRecord(raw: Socket, whole: () => void): FirstRecord {
  let held: Buffer = Buffer.alloc(0)
  let told = false
  const onReadable = () => {
    const chunk = raw.read() as Buffer | null
    if (chunk === null) return
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    if (held.length > 2 * MOST_CONTENT) raw.destroy()
    else if (!told && isWhole(held)) {
      told = true
      whole()
    }
  }
  const onEnd = () => raw.destroy()
  raw.on('readable', onReadable)
  raw.once('end', onEnd)
  return {
    giveBack() {
      raw.off('readable', onReadable)
      raw.off('end', onEnd)
      if (held.length > 0) raw.unshift(held)
    },
  }
}

function isWhole(octets: Buffer): boolean {
  if (octets[0] !== HANDSHAKE) return true
  if (octets.length < HEADER_BYTES) return false
  const content = octets.readUInt16BE(HEADER_BYTES - 2)
  return content > MOST_CONTENT || octets.length >= HEADER_BYTES + content
}
