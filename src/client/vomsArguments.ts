import { shortForm } from '../../native-free/fqan/shortForm.ts'
import { ClientError } from './ClientError.ts'

/** What is asked of one VO, by the name that the user has for it. */
export interface VomsArgument {
  readonly name: string
  /** What stands after the colon, in order; undefined for the VO alone. */
  readonly commands: readonly (string | undefined)[]
}

/**
 * Reads `-voms` arguments: `vo`, `vo:/group`, `vo:/group/Role=role`, `vo:/Role=role`, `vo:all`; several of one VO
 * become one request, in order. VOs stand in the order in which they are first named. Throws ClientError 'request'.
 */
export function parseVomsArguments(values: readonly string[]): readonly VomsArgument[] {
  const byName = new Map<string, (string | undefined)[]>()
  for (const value of values) {
    const colon = value.indexOf(':')
    const name = colon < 0 ? value : value.slice(0, colon)
    if (name === '') throw new ClientError('request', `--voms ${value} names no VO`, 'write --voms VO:/GROUP')
    const command =
      colon < 0 || value.length === colon + 1 ? undefined : readCommand(value.slice(colon + 1), name)
    byName.set(name, [...(byName.get(name) ?? []), command])
  }
  return [...byName].map(([name, commands]) => ({ name, commands }))
}

function readCommand(text: string, name: string): string {
  if (/^all$/i.test(text)) return 'all'
  if (text.startsWith('/')) return withRole(text)
  const advice = text.startsWith('Role=')
    ? `write --voms ${name}:/${text} for the role in every group, --voms ${name}:/GROUP/${text} for it in one`
    : `write --voms ${name}:/GROUP, --voms ${name}:/GROUP/Role=ROLE or --voms ${name}:all`
  throw new ClientError('request', `--voms ${name}:${text} is not understood`, advice)
}

/** `/group:role` is `/group/Role=role`. */
function withRole(text: string): string {
  const colon = text.startsWith('/') ? text.indexOf(':') : -1
  return shortForm(colon < 0 ? text : `${text.slice(0, colon)}/Role=${text.slice(colon + 1)}`)
}

/** The FQANs to request of a VO: its own group where the VO was named alone. */
export function requestedFqans({ commands }: VomsArgument, vo: string): readonly string[] {
  return [...new Set(commands.map(command => command ?? `/${vo}`))]
}

/** Entries of `-order` that concern a VO, in short form. undefined: there are none. */
export function orderFor(vo: string, order: readonly string[]): readonly string[] | undefined {
  const entries = order.map(withRole).filter(entry => entry === `/${vo}` || entry.startsWith(`/${vo}/`))
  return entries.length === 0 ? undefined : entries
}
