const SLASH = 0x2f

/**
 * Whether bytes[from, to) are an FQAN of this VO, read octet by octet and apart from the parser that resolution
 * uses: /VO, then group names, then at most one /Role=NAME, then at most one /Capability=NULL. Names are visible
 * ASCII without "/" and "=".
 */
export function isFqanOf(bytes: Uint8Array, from: number, to: number, vo: Uint8Array): boolean {
  if (bytes[from] !== SLASH || vo.length === 0 || !startsWith(bytes, from + 1, to, vo)) return false
  let at = from + 1 + vo.length
  if (at < to && bytes[at] !== SLASH) return false
  let stage: 'group' | 'role' | 'capability' = 'group'
  while (at < to) {
    const start = at + 1
    at = endOfName(bytes, start, to)
    if (bytes[at] === EQUALS && at < to) {
      if (stage === 'group' && equals(bytes, start, at, ROLE)) stage = 'role'
      else if (stage !== 'capability' && equals(bytes, start, at, CAPABILITY)) stage = 'capability'
      else return false
      const valueStart = at + 1
      at = endOfName(bytes, valueStart, to)
      if (at === valueStart) return false
      if (stage === 'capability' && !equals(bytes, valueStart, at, NULL)) return false
    } else if (stage !== 'group' || at === start) return false
    if (at < to && bytes[at] !== SLASH) return false
  }
  return true
}

const EQUALS = 0x3d
const ROLE = octets('Role')
const CAPABILITY = octets('Capability')
const NULL = octets('NULL')

function endOfName(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to) {
    const octet = bytes[at]!
    if (octet <= 0x20 || octet >= 0x7f || octet === SLASH || octet === EQUALS) break
    at++
  }
  return at
}

function startsWith(bytes: Uint8Array, from: number, to: number, prefix: Uint8Array): boolean {
  if (to - from < prefix.length) return false
  for (let i = 0; i < prefix.length; i++) if (bytes[from + i] !== prefix[i]) return false
  return true
}

function equals(bytes: Uint8Array, from: number, to: number, other: Uint8Array): boolean {
  return to - from === other.length && startsWith(bytes, from, to, other)
}

function octets(text: string): Uint8Array {
  return Uint8Array.from(text, char => char.charCodeAt(0))
}
