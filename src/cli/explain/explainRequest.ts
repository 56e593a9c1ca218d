import { formatFqan } from '../../../native-free/fqan/fqan.ts'
import type { Command, IssueRequest, Warning } from '../../../native-free/wire/types.ts'
import { errorEntry, VomsError } from '../../errors.ts'
import { formatTime } from '../../formatTime.ts'
import { type Resolution, type ResolveOptions, resolve } from '../../resolve/resolve.ts'
import type { Holding, Lookup, Member, ResolutionMode } from '../../resolve/types.ts'

/** What a request would come to. */
export interface Explanation {
  readonly warnings: readonly Warning[]
  readonly outcome:
    | { readonly kind: 'granted'; readonly resolution: Resolution }
    | {
        readonly kind: 'refused'
        /** What the client would be told. */
        readonly text: string
        readonly status: number
        readonly code: string
        readonly number: number
        /** For the operator. */
        readonly why: string
      }
}

export interface ExplainOptions extends ResolveOptions {
  /** FQANs in short form that the client already carries. */
  readonly carried: ReadonlySet<string>
  readonly now: number
  readonly issuerSecondsLeft: number
  /** Why the directory knows nobody, for people. */
  readonly whyUnknown: string
}

/** Resolves a request as the daemon would, and puts the reason of a refusal into words. */
export function explainRequest(lookup: Lookup, request: IssueRequest, options: ExplainOptions): Explanation {
  const warnings: Warning[] = []
  const { carried, now, issuerSecondsLeft } = options
  try {
    const resolution = resolve(lookup, request, carried, options, now, issuerSecondsLeft, warnings)
    return { warnings, outcome: { kind: 'granted', resolution } }
  } catch (cause) {
    if (!(cause instanceof VomsError)) throw cause
    const { status, code, number, text } = errorEntry(cause.code)
    const told = text(options.vo, cause.parameters)
    const why = whyRefused(cause, lookup, request, options)
    return { warnings, outcome: { kind: 'refused', text: told, status, code, number, why } }
  }
}

function whyRefused(
  error: VomsError,
  lookup: Lookup,
  request: IssueRequest,
  options: ExplainOptions,
): string {
  switch (lookup.kind) {
    case 'unknown':
      return options.whyUnknown
    case 'ambiguous':
      return `the certificate fits several members: ${lookup.memberIds.join(', ')}`
    case 'suspended':
      return `member ${lookup.memberId} is suspended: ${lookup.reason ?? 'no reason is recorded'}`
    case 'member':
      if (error.code === 'aup-not-signed') return whyNotSigned(lookup.member.aupUntil)
      return error.code === 'nothing-left'
        ? 'the client carries an AC of this VO, and none of what is asked for stands in it'
        : whyUnsatisfied(request, lookup.member, options)
  }
}

function whyNotSigned(aupUntil: number | undefined): string {
  return aupUntil === undefined || aupUntil <= 0
    ? 'the member has not signed the current acceptable use policy'
    : `the member's signature of the acceptable use policy ended at ${formatTime(aupUntil)}`
}

/** The first command that cannot be satisfied decides. */
function whyUnsatisfied(
  request: IssueRequest,
  { holdings, resolution = 'vomsd' }: Member,
  options: ExplainOptions,
): string {
  for (const command of request.commands) {
    const why = whyNot(command, holdings, options, resolution)
    if (why !== undefined) return why
  }
  return 'the member holds nothing that could be issued'
}

function whyNot(
  command: Command,
  holdings: readonly Holding[],
  options: ExplainOptions,
  resolution: ResolutionMode,
): string | undefined {
  if (command.kind === 'unsatisfiable') {
    return `${command.text || 'an empty request'} is nothing that anybody can hold: its form or its characters are not those of an FQAN`
  }
  if (command.kind === 'all' && resolution === 'iam') {
    return 'the VO resolves as INDIGO IAM does, which does not know "all"'
  }
  if (command.kind === 'all' || command.kind === 'list') return undefined
  const matches = (holding: Holding) =>
    command.kind === 'role'
      ? holding.role === command.role
      : holding.group === command.group && (command.kind === 'group' || holding.role === command.role)
  const held = holdings.filter(matches)
  if (held.some(holding => whyDormant(holding, options) === undefined)) return undefined
  const wanted = nameOf(command)
  const dormant = held[0]
  return dormant === undefined
    ? `the member does not hold ${wanted}`
    : `the member holds ${wanted}, but ${whyDormant(dormant, options)}`
}

function nameOf(command: Exclude<Command, { kind: 'all' | 'list' | 'unsatisfiable' }>): string {
  if (command.kind === 'role') return `the role ${command.role} in any group`
  return formatFqan(
    { group: command.group, role: command.kind === 'groupRole' ? command.role : undefined },
    'short',
  )
}

/** Why a holding does not count now; undefined when it does. */
export function whyDormant(
  { group, endsAt }: Holding,
  { vo, now }: Pick<ExplainOptions, 'vo' | 'now'>,
): string | undefined {
  if (endsAt !== undefined && endsAt <= now) return `it ended at ${formatTime(endsAt)}`
  if (group !== `/${vo}` && !group.startsWith(`/${vo}/`)) return `it is outside the tree of /${vo}`
  return undefined
}
