import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The checkout. */
export const ROOT = join(import.meta.dirname, '..')

/** What is packed, and of when. */
export interface Origin {
  readonly version: string
  /** The commit, where there is one. */
  readonly revision: string | undefined
  /** Seconds since the epoch that every file and document is dated with: SOURCE_DATE_EPOCH, else the last commit's. */
  readonly date: number
}

/** The version of package.json unless another one is asked for. Throws where nothing gives a date. */
export function originOf(version?: string): Origin {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
  const revision = git('rev-parse', 'HEAD')
  const date = Number(process.env['SOURCE_DATE_EPOCH'] ?? git('log', '-1', '--format=%ct') ?? Number.NaN)
  if (!Number.isSafeInteger(date)) {
    throw new Error('no date: set SOURCE_DATE_EPOCH to seconds since 1970, or pack from a clone')
  }
  return { version: version ?? manifest.version, revision, date }
}

function git(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}
