import { Refusal } from '../refusal.ts'

// Grammar of a fully qualified attribute name (long and short form):
//
//   fqan       = group [ "/Role=" name ] [ "/Capability=" "NULL" ]
//   group      = 1*( "/" name )            ; the first name is the VO
//   name       = 1*( ALPHA / DIGIT / "_" / "." / "-" )
//
// The role NULL means no role. Capabilities other than NULL have no meaning any more and are refused.

/** A group, or a role in a group. `group` is the full path from the VO's own group; `role` undefined: none. */
export interface Fqan {
  readonly group: string
  readonly role: string | undefined
}

/** `long` spells the absent parts out: /vo/Role=NULL/Capability=NULL. */
export type FqanForm = 'long' | 'short'

const PATTERN =
  /^(?<group>(?:\/[0-9A-Za-z_.-]+)+)(?:\/Role=(?<role>[0-9A-Za-z_.-]+))?(?:\/Capability=(?<capability>[^/]*))?$/

/** Reads an FQAN in either form. Throws Refusal FQAN_SYNTAX or FQAN_CAPABILITY. */
export function parseFqan(text: string): Fqan {
  const parts = PATTERN.exec(text)?.groups
  if (parts?.['group'] === undefined) throw new Refusal('FQAN_SYNTAX', `not an FQAN: ${text.slice(0, 200)}`)
  const capability = parts['capability']
  if (capability !== undefined && capability !== 'NULL') {
    throw new Refusal('FQAN_CAPABILITY', 'an FQAN with a capability', text.indexOf('/Capability='))
  }
  const role = parts['role']
  return { group: parts['group'], role: role === 'NULL' ? undefined : role }
}

/** Writes an FQAN. The short form is what lists, qualifiers and comparisons use. */
export function formatFqan(fqan: Fqan, form: FqanForm): string {
  if (form === 'long') return `${fqan.group}/Role=${fqan.role ?? 'NULL'}/Capability=NULL`
  return fqan.role === undefined ? fqan.group : `${fqan.group}/Role=${fqan.role}`
}
