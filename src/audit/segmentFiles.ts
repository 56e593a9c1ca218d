import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { MAX_BODY_BYTES } from './frame.ts'

/** Name of the log that holds the signed heads. */
export const HEADS = 'heads'
const LOG = /^w(0|[1-9][0-9]{0,3})$/
const SEGMENT = /^([0-9]{8})\.seg$/

export function segmentName(segment: number): string {
  return `${segment.toString().padStart(8, '0')}.seg`
}

/** Names of the logs in the folder, in order of their number; none when there is no folder. */
export async function listLogs(folder: string): Promise<string[]> {
  const names = (await entries(folder)).filter(name => LOG.test(name))
  return names.sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
}

/** Numbers of a log's segments, ascending. */
export async function listSegments(folder: string, log: string): Promise<number[]> {
  const numbers = (await entries(join(folder, log))).map(name => SEGMENT.exec(name)?.[1])
  return numbers
    .filter(text => text !== undefined)
    .map(Number)
    .sort((a, b) => a - b)
}

async function entries(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw cause
  }
}

/** The fields of a segment's first record, unverified; undefined when there is none that can be read. */
export async function readFirstLine<T>(path: string): Promise<T | undefined> {
  const file = await open(path, 'r')
  try {
    const start = Buffer.alloc(FIRST_LINE_BYTES)
    const { bytesRead } = await file.read(start, 0, start.length, 0)
    return parseLine<T>(start.subarray(0, bytesRead).toString('utf8').split('\n', 1)[0]!)
  } finally {
    await file.close()
  }
}

/** A first record holds a name, a few numbers and two hashes. */
const FIRST_LINE_BYTES = 4096

/** The last whole line of a segment as a record, unverified; undefined when that is none. */
export async function readLastLine<T>(path: string): Promise<T | undefined> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES))
    const { bytesRead } = await file.read(tail, 0, tail.length, size - tail.length)
    const text = tail.subarray(0, bytesRead).toString('utf8')
    const end = text.lastIndexOf('\n')
    return end < 0 ? undefined : parseLine<T>(text.slice(text.lastIndexOf('\n', end - 1) + 1, end))
  } finally {
    await file.close()
  }
}

/** Two of the longest records: the last whole line is in there, whatever is torn after it. */
const TAIL_BYTES = 2 * (MAX_BODY_BYTES + 66)

function parseLine<T>(line: string): T | undefined {
  try {
    return JSON.parse(line.slice(65)) as T
  } catch {
    return undefined
  }
}
