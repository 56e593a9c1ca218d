import { Refusal } from '../refusal.ts'

/** One accepted chain of an LSC file: its DN lines in order, one-line form (docs/protocol.md 6.2). */
export type LscChain = readonly string[]

/** Subject and issuer that one certificate of an AC's certseq has to have. */
export interface LscPair {
  readonly subject: string
  readonly issuer: string
}

/**
 * Reads an LSC file: the chains it accepts, in order. Any line with NEXT CHAIN separates two; blank lines, lines
 * that start with `#`, blanks around a DN and double quotes are dropped. Throws Refusal LSC_LINE (`at` is the
 * line, from 1) for any other line that is no DN, and for a chain of fewer than two.
 */
export function parseLsc(text: string): LscChain[] {
  const chains: string[][] = [[]]
  const lines = text.split('\n')
  lines.forEach((line, index) => {
    if (line.includes('NEXT CHAIN')) {
      chains.push([])
      return
    }
    const dn = line.replaceAll('"', '').trim()
    if (dn === '' || dn.startsWith('#')) return
    if (!/^\/[^/=]+=/.test(dn)) throw new Refusal('LSC_LINE', `line ${index + 1}: not a DN`, index + 1)
    chains.at(-1)!.push(dn)
  })
  const used = chains.filter(chain => chain.length > 0)
  if (used.length === 0 || used.some(chain => chain.length < 2)) {
    throw new Refusal('LSC_LINE', 'a chain of fewer than two DNs', lines.length)
  }
  return used
}

/**
 * What a chain may mean: pairs of subject and issuer, one pair a certificate; or a list, in which each line is
 * the issuer of the one before. Both readings are in use; they agree for two lines.
 */
export function lscReadings(chain: LscChain): readonly (readonly LscPair[])[] {
  const list = chain.slice(0, -1).map((subject, n) => ({ subject, issuer: chain[n + 1]! }))
  if (chain.length === 2) return [list]
  return chain.length % 2 === 0 ? [list.filter((_, n) => n % 2 === 0), list] : [list]
}

/** Writes an LSC file of one chain, in pairs: the AC issuer's certificate first. Throws Refusal LSC_VALUE. */
export function formatLsc(certificates: readonly LscPair[]): string {
  const lines = certificates.flatMap(({ subject, issuer }) => [subject, issuer])
  const bad = lines.find(dn => !/^\/[^/=]+=/.test(dn) || /["\x00-\x1f\x7f]|NEXT CHAIN|^\s|\s$/.test(dn))
  if (bad !== undefined || lines.length === 0) {
    throw new Refusal('LSC_VALUE', `cannot stand in an LSC file: ${bad?.slice(0, 100) ?? 'no certificate'}`)
  }
  return `${lines.join('\n')}\n`
}
