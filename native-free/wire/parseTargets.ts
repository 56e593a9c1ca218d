import { Refusal } from '../refusal.ts'
import { splitList } from './splitList.ts'

const VISIBLE_ASCII = /^[\x21-\x7e]{1,255}$/

/**
 * Reads a `targets` value (docs/protocol.md 4.4): a comma list of host names, empty entries dropped. Each goes
 * into the AC as an IA5String, so others than visible ASCII are refused with REQUEST_TARGET.
 */
export function parseTargets(text: string): readonly string[] {
  const targets = splitList(text)
  const bad = targets.find(target => !VISIBLE_ASCII.test(target))
  if (bad !== undefined) throw new Refusal('REQUEST_TARGET', `not a host name: ${bad.slice(0, 100)}`)
  return [...new Set(targets)]
}
