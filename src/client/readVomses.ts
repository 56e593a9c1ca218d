import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseVomses, type VomsesEntry } from '../../native-free/vomses/vomses.ts'
import { FileProblem, readInputFile } from '../check/readInputFile.ts'
import { ClientError } from './ClientError.ts'

const MAX_BYTES = 1024 * 1024
const MAX_FILES = 1000

/** Every server of some vomses files, and what is wrong in them, for people. */
export interface VomsesFiles {
  readonly entries: readonly VomsesEntry[]
  readonly faults: readonly string[]
}

/**
 * Reads vomses files, and all files of folders of them. A bad line or file takes nothing from the others. Throws
 * ClientError 'vomses' for a path that does not exist.
 */
export function readVomses(paths: readonly string[]): VomsesFiles {
  const entries: VomsesEntry[] = []
  const faults: string[] = []
  for (const file of paths.flatMap(filesOf)) {
    try {
      const text = new TextDecoder().decode(readInputFile(file, MAX_BYTES))
      const read = parseVomses(text)
      entries.push(...read.entries)
      faults.push(...read.refusals.map(({ message }) => `${file} ${message}`))
    } catch (cause) {
      if (!(cause instanceof FileProblem)) throw cause
      faults.push(`${file} ${cause.message}`)
    }
  }
  return { entries: distinct(entries), faults }
}

function filesOf(path: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) {
    throw new ClientError('vomses', `${path} does not exist`, 'name a vomses file or folder by --vomses')
  }
  if (!stat.isDirectory()) return [path]
  return readdirSync(path, { withFileTypes: true })
    .filter(entry => !entry.isDirectory() && !/^\.|~$|\.(?:rpmnew|rpmsave|dpkg-\w+)$/.test(entry.name))
    .map(entry => join(path, entry.name))
    .sort()
    .slice(0, MAX_FILES)
}

/** The same server in two files is one server. */
function distinct(entries: readonly VomsesEntry[]): VomsesEntry[] {
  const key = ({ nick, vo, host, port }: VomsesEntry) => [nick, vo, host.toLowerCase(), port].join('\0')
  const keys = entries.map(key)
  return entries.filter((_, index) => keys.indexOf(keys[index]!) === index)
}

/**
 * The servers of what a user calls a VO: entries of that nick, else of that VO name. Throws ClientError 'vomses'
 * that names what there is.
 */
export function serversOf(
  name: string,
  { entries }: VomsesFiles,
  paths: readonly string[],
): readonly [VomsesEntry, ...VomsesEntry[]] {
  const byNick = entries.filter(({ nick }) => nick === name)
  const [first, ...rest] = byNick.length > 0 ? byNick : entries.filter(({ vo }) => vo === name)
  if (first !== undefined) return [first, ...rest.filter(({ vo }) => vo === first.vo)]
  const where = paths.length === 0 ? 'no vomses file was found' : `it is not in ${paths.join(', ')}`
  const known = [...new Set(entries.map(({ nick }) => nick))].sort()
  const list = `${known.slice(0, 20).join(', ')}${known.length > 20 ? ', ...' : ''}`
  throw new ClientError(
    'vomses',
    `no server of VO ${name} is known: ${where}`,
    known.length === 0
      ? 'get the vomses line from the VO and put it into ~/.voms/vomses or /etc/vomses, or name its file by --vomses'
      : `known are ${list}`,
  )
}
