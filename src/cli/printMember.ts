import type { MemberAttribute, MemberDetails, MemberHolding, Suspension } from '../store/members.ts'
import { formatFields } from './printAc.ts'
import { printable } from './printable.ts'

/** A member for people. */
export function formatMember(member: MemberDetails): string {
  const fields: [string, string | undefined][] = [
    ['member', `${member.id} of ${member.vo}`],
    ['name', [member.givenName, member.surname].filter(Boolean).join(' ') || undefined],
    ['e-mail', member.email],
    ['institute', member.institution],
    ['user name', member.username],
    ['phone', member.phone],
    ['address', member.address],
    ['outer id', member.externalId],
    ['since', isoDate(member.createdAt)],
    ['until', endOf(member)],
    ['suspended', member.suspension && describeSuspension(member.suspension)],
  ]
  const present = fields.filter((field): field is [string, string] => field[1] !== undefined)
  return [
    formatFields(present),
    section('certificates', member.certificates.flatMap(certificateLines)),
    section('groups and roles', member.holdings.map(describeHolding)),
    section('attributes', member.attributes.map(describeAttribute)),
  ].join('')
}

function certificateLines(certificate: MemberDetails['certificates'][number]): string[] {
  const { subject, issuer, suspension } = certificate
  const lines = [subject, `  issued by ${issuer}`]
  return suspension === undefined ? lines : [...lines, `  suspended: ${describeSuspension(suspension)}`]
}

function section(title: string, lines: readonly string[]): string {
  const body = lines.length === 0 ? ['none'] : lines
  return `${title}\n${body.map(line => `  ${printable(line)}\n`).join('')}`
}

function endOf({ endsAt, endIsEnforced }: MemberDetails): string {
  if (endsAt === undefined) return 'no end'
  return endIsEnforced ? isoDate(endsAt) : `${isoDate(endsAt)} (not enforced in this VO)`
}

function describeSuspension({ reason, code, since }: Suspension): string {
  const parts = [reason ?? 'reason unknown', code && `code ${code}`, since && `since ${isoDate(since)}`]
  return parts.filter(Boolean).join(', ')
}

function describeHolding({ group, role, optional, endsAt }: MemberHolding): string {
  const fqan = role === undefined ? group : `${group}/Role=${role}`
  const remarks = [optional && 'issued only on request', endsAt && `until ${isoDate(endsAt)}`].filter(Boolean)
  return remarks.length === 0 ? fqan : `${fqan} (${remarks.join(', ')})`
}

function describeAttribute({ scope, group, role, name, value }: MemberAttribute): string {
  const from = scope === 'member' ? 'own' : scope === 'group' ? group : `${group}/Role=${role}`
  return `${name} = ${value} (${from})`
}

function isoDate(date: Date): string {
  return date.toISOString().slice(0, 10)
}
