import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ, the same on every Linux that Node.js runs on. */
const TICKS_PER_SECOND = 100

/**
 * Processor time in seconds that a process, its threads and its descendants have used until now, those that have ended
 * and were waited for included.
 */
export function processorTimeOf(pid: number): number {
  return [pid, ...descendantsOf(pid)].reduce((sum, each) => sum + threadsTime(each) + endedTime(each), 0)
}

/** Resident memory in bytes of a process and its descendants. */
export function residentBytesOf(pid: number): number {
  return residentEachOf(pid).reduce((sum, each) => sum + each, 0)
}

/** The same of each by itself, the process first. */
export function residentEachOf(pid: number): number[] {
  return [pid, ...descendantsOf(pid)].map(residentBytes)
}

/** Open file descriptors of a process and its descendants. */
export function openFilesOf(pid: number): number {
  return [pid, ...descendantsOf(pid)].reduce((sum, each) => sum + listed(`/proc/${each}/fd`).length, 0)
}

/** schedstat counts nanoseconds, where stat counts ticks of ten milliseconds. */
function threadsTime(pid: number): number {
  let nanoseconds = 0
  for (const thread of listed(`/proc/${pid}/task`)) {
    nanoseconds += Number(text(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0] ?? 0)
  }
  return nanoseconds / 1e9
}

/** What the children that a process has waited for used, in ticks: more is not kept of them. */
function endedTime(pid: number): number {
  const fields = text(`/proc/${pid}/stat`).split(') ').at(-1)!.split(' ')
  return (Number(fields[13] ?? 0) + Number(fields[14] ?? 0)) / TICKS_PER_SECOND
}

export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(text(`/proc/${pid}/status`))?.[1]
  return Number(kilobytes ?? 0) * 1024
}

/** All that a process started, and what those did, by process number. */
export function descendantsOf(pid: number): number[] {
  const children = listed(`/proc/${pid}/task`)
    .flatMap(thread => text(`/proc/${pid}/task/${thread}/children`).trim().split(' '))
    .filter(child => child !== '')
    .map(Number)
  return children.flatMap(child => [child, ...descendantsOf(child)])
}

/** A process may end between two looks; it then counts for nothing. */
function listed(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
