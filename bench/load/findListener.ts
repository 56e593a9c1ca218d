import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/**
 * The process of this machine that listens on a TCP port: of several that share the socket, the one that the others
 * descend from. undefined: none, or one that this user may not look at.
 */
export function findListener(port: number): number | undefined {
  const sockets = new Set(inodesOf(port).map(inode => `socket:[${inode}]`))
  if (sockets.size === 0) return undefined
  const holders = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => openFiles(pid).some(file => sockets.has(file)))
  return holders.find(pid => !holders.includes(parentOf(pid))) ?? holders[0]
}

const LISTENING = '0A'

function inodesOf(port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(file =>
    read(file)
      .split('\n')
      .map(line => line.trim().split(/\s+/))
      .filter(([, local, , state]) => local?.endsWith(`:${hex}`) && state === LISTENING)
      .map(fields => fields[9]!),
  )
}

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap(fd => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)]
      } catch {
        // Closed meanwhile.
        return []
      }
    })
  } catch {
    return []
  }
}

function parentOf(pid: number): number {
  return Number(read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[1])
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
