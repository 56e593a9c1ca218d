import { joinKey, keyAva, keyValue } from './keyValue.ts'
import { splitOneline } from './parseOneline.ts'

/**
 * The canonical key of a one-line DN from a database, a policy or an LSC file; see keyOfName(). Text that is no
 * one-line DN gets a key too, which no Name has: it does not begin with a slash.
 */
export function keyOfString(text: string): string {
  const rdns = splitOneline(text)
  if (!rdns) return keyValue(text)
  return joinKey(rdns.map(rdn => rdn.map(ava => keyAva(ava.oid, keyValue(ava.value)))))
}
