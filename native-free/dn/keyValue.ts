import { labelOfOid } from './labels.ts'

const RUN_OF_SPACE = /[\t-\r ]+/g
const NOT_ASCII = /[^\0-\x7f]/

/** One attribute in the form that keys are made of: `label=value`, see keyOfName(). */
export function keyAva(oid: string, value: string): string {
  return `${labelOfOid(oid).toLowerCase()}=${value}`
}

/** RDNs of keyAva() attributes joined to a key; the attributes of an RDN are a set, so their order is dropped. */
export function joinKey(rdns: readonly (readonly string[])[]): string {
  return rdns.map(rdn => `/${rdn.length === 1 ? rdn[0] : [...rdn].sort().join('+')}`).join('')
}

/**
 * The value of a key: NFC, white space trimmed and collapsed, lower case, the three characters that have a meaning
 * in keys escaped. A leading `#` is escaped too, as it marks values that are no text.
 */
export function keyValue(text: string): string {
  const lowered = lowerCase(trimOne(text.normalize('NFC').replace(RUN_OF_SPACE, ' ')))
  return lowered.replace(/[\\/+]|^#/g, char => `\\${char.charCodeAt(0).toString(16)}`)
}

/** By code point, so that no letter's lower case depends on its neighbours. */
function lowerCase(text: string): string {
  if (!NOT_ASCII.test(text)) return text.toLowerCase()
  return Array.from(text, point => point.toLowerCase())
    .join('')
    .normalize('NFC')
}

function trimOne(text: string): string {
  const from = text.startsWith(' ') ? 1 : 0
  const to = text.endsWith(' ') ? text.length - 1 : text.length
  return from < to ? text.slice(from, to) : ''
}
