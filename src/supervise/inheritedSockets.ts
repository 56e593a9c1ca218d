import type { ListenAddress } from '../config/types.ts'
import { adoptHandle, type ListenHandle } from './listenHandle.ts'

/** A listening socket that the service manager opened for this process. */
export interface InheritedSocket {
  readonly fd: number
  /** FileDescriptorName= of its unit. */
  readonly name: string
  readonly address: ListenAddress
  readonly handle: ListenHandle
}

export interface InheritedSockets {
  readonly sockets: readonly InheritedSocket[]
  /** Descriptors that are no TCP sockets, in words. */
  readonly unusable: readonly string[]
}

/** The first descriptor that sd_listen_fds(3) passes. */
const FIRST_FD = 3
const MAX_FDS = 1024

/** Takes the sockets that sd_listen_fds(3) describes, when they are meant for this process. */
export function takeInheritedSockets(env: NodeJS.ProcessEnv, pid: number): InheritedSockets {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = env
  const count = Number(LISTEN_FDS ?? 0)
  if (Number(LISTEN_PID) !== pid || !Number.isInteger(count) || count < 1 || count > MAX_FDS) {
    return { sockets: [], unusable: [] }
  }
  const names = (LISTEN_FDNAMES ?? '').split(':')
  const sockets: InheritedSocket[] = []
  const unusable: string[] = []
  for (let index = 0; index < count; index++) {
    const fd = FIRST_FD + index
    const name = names[index] ?? ''
    const adopted = adoptHandle(fd)
    if (adopted === undefined) unusable.push(`descriptor ${fd} (${name || 'no name'}) is no TCP socket`)
    else sockets.push({ fd, name, ...adopted })
  }
  return { sockets, unusable }
}

/** The environment for child processes: what the service manager says to this one alone is not in it. */
export function childEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = { ...env }
  for (const name of [
    'LISTEN_PID',
    'LISTEN_FDS',
    'LISTEN_FDNAMES',
    'NOTIFY_SOCKET',
    'WATCHDOG_PID',
    'WATCHDOG_USEC',
  ]) {
    delete kept[name]
  }
  return kept
}
