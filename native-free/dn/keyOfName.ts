import { toHex } from '../bytes/hex.ts'
import type { Ava, Name } from '../x509/name.ts'
import { joinKey, keyAva, keyValue } from './keyValue.ts'
import { textOf } from './oneline.ts'

/**
 * The canonical key of a Name: equal for all spellings of one DN that grid software writes, whatever the string
 * types, label spellings, case and white space. Begins with a slash, except for the empty Name. For comparing with
 * keyOfString(); it is no DN to show or store as one.
 */
export function keyOfName(name: Name): string {
  return joinKey(name.rdns.map(rdn => rdn.map(avaKey)))
}

/**
 * The key of a Name as if each attribute were an RDN of its own, which is how older tools write multi-valued RDNs;
 * undefined for a Name that has none.
 */
export function flattenedKeyOfName(name: Name): string | undefined {
  if (name.rdns.every(rdn => rdn.length === 1)) return undefined
  return joinKey(name.rdns.flat().map(ava => [avaKey(ava)]))
}

function avaKey(ava: Ava): string {
  const text = textOf(ava)
  return keyAva(ava.oid, text === undefined ? `#${toHex(ava.value)}` : keyValue(text))
}
