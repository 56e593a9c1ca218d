import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { LRUCache } from 'lru-cache'
import { Refusal } from '../../../native-free/refusal.ts'
import { decodePem } from '../../../native-free/x509/pem.ts'
import { fileStamp, readTrustFile } from './readTrustFile.ts'

/** An LSC file has a few lines, a certificate a few kilobytes. */
const MAX_FILE_BYTES = 64 * 1024
/** Files of all AC issuers that clients bring; what falls out is read again. */
const MAX_CACHED_FILES = 256
/** Certificate files looked at for one VO. */
const MAX_CERTIFICATE_FILES = 64

/**
 * One component of a path, as an AC names it: no separator, no NUL, nothing hidden, neither `.` nor `..`. VO names
 * and host names need no more than this.
 */
const COMPONENT = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}$/

/** Whose ACs are believed: `VO/HOST.lsc`, else certificates beside it. */
export interface Vomsdir {
  /** Text of VO/HOST.lsc. Undefined when there is none, it cannot be read, or the names are none of a VO and host. */
  lscText(vo: string, host: string): Promise<string | undefined>
  /** DER of the AC issuer certificates in VO/*.pem, which count only where there is no LSC file. */
  certificates(vo: string): Promise<readonly Uint8Array[]>
}

/**
 * Reads a vomsdir on demand; a file is read again only when its stat differs. VO and host come from ACs that
 * clients present and are taken as hostile. `onFault` hears of files that exist and cannot be used.
 */
export function createVomsdir(folder: string, onFault: (path: string, what: string) => void): Vomsdir {
  const files = new LRUCache<string, { stamp: string; text: string | undefined }>({ max: MAX_CACHED_FILES })

  async function read(path: string): Promise<string | undefined> {
    const stamp = await stampOf(path)
    if (stamp === undefined) return undefined
    const known = files.get(path)
    if (known?.stamp === stamp) return known.text
    const file = await readTrustFile(path, MAX_FILE_BYTES)
    if (file.kind === 'gone') return undefined
    if (file.kind === 'fault') onFault(path, file.what)
    const text = file.kind === 'read' ? Buffer.from(file.bytes).toString('utf8') : undefined
    files.set(path, { stamp, text })
    return text
  }

  async function certificatesOf(path: string): Promise<readonly Uint8Array[]> {
    try {
      const blocks = decodePem((await read(path)) ?? '')
      return blocks.filter(({ label }) => label === 'CERTIFICATE').map(({ der }) => der)
    } catch (cause) {
      if (!(cause instanceof Refusal)) throw cause
      onFault(path, cause.message)
      return []
    }
  }

  return {
    async lscText(vo, host) {
      if (!COMPONENT.test(vo) || !COMPONENT.test(host)) return undefined
      return await read(join(folder, vo, `${host}.lsc`))
    },
    async certificates(vo) {
      if (!COMPONENT.test(vo)) return []
      const names = await pemFiles(join(folder, vo))
      return (await Promise.all(names.map(name => certificatesOf(join(folder, vo, name))))).flat()
    },
  }
}

async function pemFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  const wanted = names.filter(name => name.endsWith('.pem') && !name.startsWith('.'))
  return wanted.sort().slice(0, MAX_CERTIFICATE_FILES)
}

async function stampOf(path: string): Promise<string | undefined> {
  try {
    return fileStamp(await stat(path, { bigint: true }))
  } catch {
    return undefined
  }
}
