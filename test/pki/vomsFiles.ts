import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Writes `<vomsdir>/<vo>/<host>.lsc`: the AC issuer's chain as one-line names, AC issuer first. */
export function writeLscFile(vomsdir: string, vo: string, host: string, dns: readonly string[]): void {
  mkdirSync(join(vomsdir, vo), { recursive: true })
  writeFileSync(join(vomsdir, vo, `${host}.lsc`), dns.map(dn => `${dn}\n`).join(''))
}

export interface VomsesEntry {
  readonly alias: string
  readonly host: string
  readonly port: number
  /** One-line subject of the server's host certificate. */
  readonly dn: string
  readonly vo: string
}

/** Writes a vomses file: where clients find the servers. */
export function writeVomsesFile(path: string, entries: readonly VomsesEntry[]): void {
  const line = (e: VomsesEntry) => `"${e.alias}" "${e.host}" "${e.port}" "${e.dn}" "${e.vo}"\n`
  writeFileSync(path, entries.map(line).join(''))
}
