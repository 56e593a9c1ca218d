import type { GenericAttribute } from '../../native-free/ac/types.ts'
import { formatFqan } from '../../native-free/fqan/fqan.ts'
import type { IssueRequest, Warning } from '../../native-free/wire/types.ts'
import { VomsError } from '../errors.ts'
import { applySubset } from './applySubset.ts'
import { orderFqans } from './orderFqans.ts'
import { selectAttributes } from './selectAttributes.ts'
import { activeHoldings, type SelectedFqan, selectFqans } from './selectFqans.ts'
import { selectIamFqans } from './selectIamFqans.ts'
import type { Lookup, Member } from './types.ts'

/** What resolution needs to know of the VO. */
export interface ResolveOptions {
  readonly vo: string
  /** HOST:PORT, as warning 2 names it. */
  readonly uri: string
  readonly fqanForm: 'long' | 'short'
  readonly maxLifetimeSeconds: number
}

export interface Resolution {
  /** Only a list of FQANs was asked for: no AC. */
  readonly listOnly: boolean
  /** In issued order, with the reason of each. */
  readonly selected: readonly SelectedFqan[]
  /** The same in the VO's text form. */
  readonly fqans: readonly string[]
  readonly attributes: readonly GenericAttribute[]
  readonly lifetimeSeconds: number
}

/**
 * Turns the directory's answer and a request into what is granted.
 * @param carried short FQANs of this VO in verified ACs that the client already carries (the subset rule)
 * @param warnings receives what the client is to be warned of, also where an error follows
 * @param issuerSecondsLeft how long the AC issuer's certificate still lives: no AC outlives it
 * @throws VomsError no-such-user, ambiguous-user, suspended, aup-not-signed, unsatisfiable, nothing-left
 */
export function resolve(
  lookup: Lookup,
  request: IssueRequest,
  carried: ReadonlySet<string>,
  options: ResolveOptions,
  now: number,
  issuerSecondsLeft: number,
  warnings: Warning[],
): Resolution {
  const { vo } = options
  const text = (fqan: SelectedFqan) => formatFqan(fqan, options.fqanForm)
  if (request.unknownParameters) {
    warnings.push({ number: 4, message: 'Unknown parameters in the request were ignored!' })
  }
  const longest = Math.min(options.maxLifetimeSeconds, issuerSecondsLeft)
  const lifetimeSeconds = Math.min(request.lifetimeSeconds ?? longest, longest)
  // An issuer that has expired issues nothing, so there is nothing to warn of.
  if (request.lifetimeSeconds !== undefined && request.lifetimeSeconds > longest && longest > 0) {
    const message = `${options.uri}: The validity of this VOMS AC in your proxy is shortened to ${longest} seconds!`
    warnings.push({ number: 2, message })
  }

  if (lookup.kind === 'unknown') throw new VomsError('no-such-user', { vo })
  if (lookup.kind === 'ambiguous') throw new VomsError('ambiguous-user', { vo })
  if (lookup.kind === 'suspended') throw new VomsError('suspended', { vo, reason: lookup.reason })

  const { member } = lookup
  const isIam = member.resolution === 'iam'
  if (isIam) requireSignedAup(member, vo, now)
  const holdings = activeHoldings(member, vo, now)
  const selection = (isIam ? selectIamFqans : selectFqans)(holdings, request.commands)
  if (!selection.satisfied) {
    const { command } = selection
    // Whoever cannot have the VO's own group is no member of it.
    const isRoot = command.kind === 'group' && command.group === `/${vo}`
    throw isRoot
      ? new VomsError('no-such-user', { vo })
      : new VomsError('unsatisfiable', { vo, command: command.text })
  }

  const listOnly = request.commands[0]?.kind === 'list'
  // A list takes its order from `order` alone, whatever commands follow.
  // voms-aa looks at no "order", and what is asked for first always comes first.
  const ordered = isIam
    ? { fqans: selection.fqans, unwantedFirst: undefined }
    : orderFqans(selection.fqans, listOnly ? [] : request.commands, request.order)
  if (ordered.unwantedFirst !== undefined) {
    warnings.push({ number: 1, message: `FQAN: ${ordered.unwantedFirst} is not the first selected!\n` })
  }
  if (listOnly) {
    return {
      listOnly,
      selected: ordered.fqans,
      fqans: ordered.fqans.map(text),
      attributes: [],
      lifetimeSeconds,
    }
  }

  // IAM puts the attributes of accounts into ACs, and those of nothing else.
  const known = isIam ? member.attributes.filter(({ scope }) => scope === 'member') : member.attributes
  const attributes = selectAttributes(vo, known, holdings, ordered.fqans)
  const subset = applySubset(vo, ordered.fqans, attributes, carried)
  if (subset.fqans.length === 0) throw new VomsError('nothing-left', { vo })
  if (subset.reduced) {
    const message = `${vo} : your certificate already contains attributes, only a subset of them can be issued.`
    warnings.push({ number: 3, message })
  }
  return {
    listOnly,
    selected: subset.fqans,
    fqans: subset.fqans.map(text),
    attributes: subset.attributes,
    lifetimeSeconds,
  }
}

function requireSignedAup({ id, name, aupUntil }: Member, vo: string, now: number): void {
  if (aupUntil !== undefined && aupUntil <= now) {
    throw new VomsError('aup-not-signed', { vo, name: name ?? id, id })
  }
}
