import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Crl } from './createCrl.ts'
import type { Credential } from './issueCertificate.ts'
import { subjectHash } from './subjectHash.ts'

/** One CA as a trust directory holds it. Texts are written as given; undefined writes no such file. */
export interface TrustEntry {
  readonly ca: Pick<Credential, 'subject' | 'pem'>
  /** Name of the real files; the hash names are links to them. Default: ca-0, ca-1 ... */
  readonly alias?: string
  /** See signingPolicyText and namespacesText. */
  readonly signingPolicy?: string
  readonly namespaces?: string
  readonly crls?: readonly (Crl['pem'] | Crl['der'])[]
  /** Which hash names to make. Default both, as the public distribution has them. */
  readonly hashes?: readonly ('new' | 'old')[]
  /** The N of `<hash>.N`, when it shall not be the first free one. */
  readonly suffix?: number
}

/**
 * Writes a trust directory (made if absent) as /etc/grid-security/certificates has it: `<alias>.pem` and
 * policies with links `<hash>.N`, `<hash>.signing_policy`, `<hash>.namespaces`, and CRLs as `<hash>.rN`.
 */
export function writeTrustDirectory(folder: string, entries: readonly TrustEntry[]): void {
  mkdirSync(folder, { recursive: true })
  for (const [index, entry] of entries.entries()) writeTrustEntry(folder, entry, entry.alias ?? `ca-${index}`)
}

/** Adds or replaces one CA's CRL: fetch-crl's work. `n` is the N of `<hash>.rN`. */
export function writeCrl(
  folder: string,
  ca: Pick<Credential, 'subject'>,
  crl: Uint8Array | string,
  n = 0,
  hashes: readonly ('new' | 'old')[] = ['new', 'old'],
): void {
  for (const style of hashes) writeFileSync(join(folder, `${subjectHash(ca.subject, style)}.r${n}`), crl)
}

function writeTrustEntry(folder: string, entry: TrustEntry, alias: string): void {
  const hashes = entry.hashes ?? ['new', 'old']
  const names = hashes.map(style => subjectHash(entry.ca.subject, style))
  const real = (extension: string, text: string | undefined, link: (hash: string) => string) => {
    if (text === undefined) return
    writeFileSync(join(folder, `${alias}.${extension}`), text)
    for (const hash of new Set(names)) linkUnlessThere(folder, `${alias}.${extension}`, link(hash))
  }
  const n = entry.suffix ?? firstFree(folder, names)
  real('pem', entry.ca.pem, hash => `${hash}.${n}`)
  real('signing_policy', entry.signingPolicy, hash => `${hash}.signing_policy`)
  real('namespaces', entry.namespaces, hash => `${hash}.namespaces`)
  for (const [index, crl] of (entry.crls ?? []).entries()) writeCrl(folder, entry.ca, crl, index, hashes)
}

/** Two CAs of one name share their policy files: the first one written stays. */
function linkUnlessThere(folder: string, target: string, name: string): void {
  if (!readdirSync(folder).includes(name)) symlinkSync(target, join(folder, name))
}

function firstFree(folder: string, hashes: readonly string[]): number {
  const taken = new Set(readdirSync(folder))
  let n = 0
  while (hashes.some(hash => taken.has(`${hash}.${n}`))) n += 1
  return n
}
