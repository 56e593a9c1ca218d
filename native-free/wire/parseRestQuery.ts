import { Refusal } from '../refusal.ts'
import { commandText, parseCommand } from './parseCommand.ts'
import { parseLifetime } from './parseLifetime.ts'
import { parseOrder } from './parseOrder.ts'
import { parseTargets } from './parseTargets.ts'
import { boundedList } from './splitList.ts'
import type { Command, IssueRequest } from './types.ts'

const PATH = '/generate-ac'

/**
 * Reads the target of a REST request (docs/protocol.md 2.2), in origin or absolute form. Without `fqans` it asks
 * for the VO's own group.
 *
 * Throws Refusal: REQUEST_PATH another path; REQUEST_QUERY an empty query, or a piece without `=`;
 * REQUEST_ESCAPE bad percent-encoding; REQUEST_TARGET and REQUEST_TOO_LONG for what the lists hold.
 */
export function parseRestQuery(target: string, vo: string): IssueRequest {
  const { path, query } = splitTarget(target)
  if (path !== PATH) throw new Refusal('REQUEST_PATH', `no such path: ${path.slice(0, 100)}`)
  const parameters = query === undefined ? [] : splitQuery(query)
  const all = (name: string) => parameters.filter(([given]) => given === name).map(([, value]) => value)
  return {
    protocol: 'rest',
    commands: parseFqans(all('fqans'), vo),
    order: parseOrder(all('order').join(',')),
    targets: parseTargets(all('targets').at(-1) ?? ''),
    lifetimeSeconds: parseLifetime(all('lifetime').at(-1)),
    base64: true,
    unknownParameters: parameters.some(([name]) => !KNOWN.has(name)),
  }
}

const KNOWN = new Set(['fqans', 'lifetime', 'order', 'targets'])

function splitTarget(target: string): { path: string; query: string | undefined } {
  const origin = target.replace(/^https?:\/\/[^/?#]*/i, '')
  const mark = origin.indexOf('?')
  return mark < 0
    ? { path: origin, query: undefined }
    : { path: origin.slice(0, mark), query: origin.slice(mark + 1) }
}

/**
 * Names and values, decoded after splitting; `+` stays `+`. A value is decoded before it is split at commas:
 * neither an FQAN nor a host name holds one, and ordinary HTTP clients escape it.
 */
function splitQuery(query: string): [name: string, value: string][] {
  return query.split('&').map(piece => {
    const equals = piece.indexOf('=')
    if (equals < 0) throw new Refusal('REQUEST_QUERY', `a piece without "=": ${piece.slice(0, 100)}`)
    return [decode(piece.slice(0, equals)), decode(piece.slice(equals + 1))]
  })
}

function decode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Refusal('REQUEST_ESCAPE', `bad percent-encoding: ${text.slice(0, 100)}`)
  }
}

/** Lists are concatenated, one trailing comma of each ignored. An empty element is a command nobody can satisfy. */
function parseFqans(lists: readonly string[], vo: string): readonly Command[] {
  if (lists.length === 0) return [parseCommand(`G/${vo}`, true)]
  const elements = boundedList(lists.flatMap(list => list.replace(/,$/, '').split(',')))
  return elements.map((element, index) => parseCommand(commandText(element), index === 0))
}
