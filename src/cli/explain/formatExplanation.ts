import { formatFqan } from '../../../native-free/fqan/fqan.ts'
import { byOctets } from '../../../native-free/fqan/issueOrder.ts'
import type { IssueRequest } from '../../../native-free/wire/types.ts'
import { formatTime, formatTimeLeft } from '../../formatTime.ts'
import type { Holding, Lookup } from '../../resolve/types.ts'
import { printable } from '../printable.ts'
import { formatTable } from '../table.ts'
import { type Explanation, whyDormant } from './explainRequest.ts'

export interface ExplainedRequest {
  readonly vo: string
  readonly subject: string
  readonly issuer: string | undefined
  readonly lookup: Lookup
  readonly request: IssueRequest
  readonly explanation: Explanation
  readonly now: number
}

/** The explanation for people: who, what he holds, what was asked, what comes of it and why. */
export function formatExplanation(explained: ExplainedRequest): string {
  const { outcome, warnings } = explained.explanation
  const parts = [who(explained), holdings(explained), asked(explained.request)]
  if (outcome.kind === 'refused') {
    parts.push(
      block(
        'refused',
        // What clients are told of a suspension has two lines.
        `${outcome.text} (HTTP ${outcome.status} ${outcome.code}, ${outcome.number})`.split('\n'),
      ),
      block('why', [outcome.why]),
    )
  } else {
    const { resolution } = outcome
    parts.push(
      `${resolution.listOnly ? 'listed' : 'issued, in this order'}\n${formatTable(
        resolution.selected.map((fqan, index) => [
          `  ${index + 1}`,
          resolution.fqans[index]!,
          index === 0 && !resolution.listOnly ? `${fqan.because}; the primary FQAN` : fqan.because,
        ]),
      )}`,
      block(
        'attributes',
        resolution.attributes.map(({ name, value, qualifier }) => `${name} = ${value} (${qualifier})`),
      ),
      block('lifetime', [`${resolution.lifetimeSeconds} s (${formatTimeLeft(resolution.lifetimeSeconds)})`]),
    )
  }
  if (warnings.length > 0)
    parts.push(
      block(
        'warnings',
        warnings.map(one => `${one.number}: ${one.message.trim()}`),
      ),
    )
  return parts.join('')
}

function who({ vo, subject, issuer, lookup }: ExplainedRequest): string {
  const names = [subject, issuer === undefined ? 'by the subject alone' : `issued by ${issuer}`]
  return block('certificate', names) + block('member', [`${describeLookup(lookup)}, VO ${vo}`])
}

function describeLookup(lookup: Lookup): string {
  switch (lookup.kind) {
    case 'member':
      return lookup.member.id
    case 'suspended':
      return `${lookup.memberId}, suspended`
    case 'ambiguous':
      return `several: ${lookup.memberIds.join(', ')}`
    case 'unknown':
      return 'none'
  }
}

function holdings({ lookup, vo, now }: ExplainedRequest): string {
  if (lookup.kind !== 'member') return ''
  const sorted = [...lookup.member.holdings].sort((a, b) =>
    byOctets(formatFqan(a, 'short'), formatFqan(b, 'short')),
  )
  return block(
    'holds',
    sorted.map(holding => describeHolding(holding, vo, now)),
  )
}

function describeHolding(holding: Holding, vo: string, now: number): string {
  const dormant = whyDormant(holding, { vo, now })
  const end = holding.endsAt === undefined ? undefined : `until ${formatTime(holding.endsAt)}`
  const remarks = [
    dormant === undefined ? end : `does not count: ${dormant}`,
    holding.optional && 'only on request',
  ]
  const text = remarks.filter(Boolean).join(', ')
  return text === '' ? formatFqan(holding, 'short') : `${formatFqan(holding, 'short')} (${text})`
}

function asked({ commands, order, lifetimeSeconds, targets }: IssueRequest): string {
  const lines = [`commands ${commands.map(command => command.text).join(', ')}`]
  if (order !== undefined) lines.push(`order ${order.map(entry => formatFqan(entry, 'short')).join(', ')}`)
  if (lifetimeSeconds !== undefined) lines.push(`lifetime ${lifetimeSeconds} s`)
  if (targets.length > 0) lines.push(`targets ${targets.join(', ')}`)
  return block('asked for', lines)
}

function block(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}\n${lines.map(line => `  ${printable(line)}\n`).join('')}`
}
