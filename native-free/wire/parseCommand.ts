import type { Command } from './types.ts'

const NAME = /^[0-9A-Za-z_./-]+$/
const NO_CAPABILITY = '/Capability=NULL'

/**
 * Reads one command of the legacy protocol (docs/protocol.md 3.2). Never refuses: what nobody can satisfy comes
 * back as such, and keeps its text for the answer.
 * @param first whether it is the first command of its request: only there does `N` ask for a list
 */
export function parseCommand(text: string, first: boolean): Command {
  const rest = withoutCapability(text.slice(1))
  if (rest === 'all') return { kind: 'all', text }
  // A path decides by itself, whatever letter stands before it.
  if (rest.startsWith('/')) return parsePath(rest, text)
  switch (text) {
    case 'A':
      return { kind: 'all', text }
    case 'N':
      return first ? { kind: 'list', text } : { kind: 'all', text }
  }
  if (text.startsWith('R')) return role(rest, text)
  return { kind: 'unsatisfiable', text }
}

/** What a path asks for: `/`, `//`, `/Role=role`, `group/Role=role`, `group:role` or `group`. */
function parsePath(path: string, text: string): Command {
  if (path === '/' || path === '//') return { kind: 'all', text }
  const roleAt = path.indexOf('/Role=')
  if (roleAt === 0) return role(path.slice('/Role='.length), text)
  if (roleAt > 0) return groupRole(path.slice(0, roleAt), path.slice(roleAt + '/Role='.length), text)
  const colon = path.indexOf(':')
  if (colon > 0) return groupRole(path.slice(0, colon), path.slice(colon + 1), text)
  return NAME.test(path) ? { kind: 'group', group: path, text } : { kind: 'unsatisfiable', text }
}

function role(name: string, text: string): Command {
  return NAME.test(name) && name !== 'NULL'
    ? { kind: 'role', role: name, text }
    : { kind: 'unsatisfiable', text }
}

function groupRole(group: string, name: string, text: string): Command {
  if (!NAME.test(group) || !NAME.test(name)) return { kind: 'unsatisfiable', text }
  return name === 'NULL' ? { kind: 'group', group, text } : { kind: 'groupRole', group, role: name, text }
}

function withoutCapability(path: string): string {
  return path.endsWith(NO_CAPABILITY) ? path.slice(0, -NO_CAPABILITY.length) : path
}

/**
 * The legacy command for one element of a REST `fqans` list (docs/protocol.md 2.2): `all`, an FQAN, or already a
 * command. Clients of the legacy protocol use it for what their users type.
 */
export function commandText(element: string): string {
  if (element === 'all' || element === 'ALL') return 'A'
  const path = withoutCapability(element)
  // No command means a capability; as a group it has characters that no group has.
  if (path.includes('/Capability=')) return `G${path}`
  const roleAt = path.indexOf('/Role=')
  const group = path.slice(0, Math.max(roleAt, 0))
  const name = path.slice(roleAt + '/Role='.length)
  if (roleAt === 0) return `R${name}`
  if (roleAt > 0) return name === 'NULL' ? `G${group}` : `B${group}:${name}`
  return path.startsWith('/') ? `G${path}` : path
}
