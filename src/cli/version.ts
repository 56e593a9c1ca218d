import { readFileSync } from 'node:fs'

/** vouchd's own version. */
export function version(): string {
  return manifest().version
}

/** The commit that it was made from, where that was noted when it was packed. */
export function revision(): string {
  return manifest().gitHead ?? 'unknown'
}

function manifest(): { version: string; gitHead?: string } {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
}
