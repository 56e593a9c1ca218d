import { Command, InvalidArgumentError } from 'commander'
import { keyOfString } from '../../native-free/dn/keyOfString.ts'
import { nameFromOneline } from '../../native-free/dn/nameFromOneline.ts'
import { dnSpellings } from '../../native-free/dn/spellings.ts'
import { parseName } from '../../native-free/x509/parseName.ts'
import type { Database } from '../store/database.ts'
import {
  findMembers,
  listMembers,
  type MemberDetails,
  type MemberSummary,
  showMember,
} from '../store/members.ts'
import { memberJoinCommand, memberLeaveCommand } from './admin/holdingCommands.ts'
import {
  memberAddCommand,
  memberRemoveCommand,
  memberRestoreCommand,
  memberSetCommand,
  memberSuspendCommand,
} from './admin/memberChanges.ts'
import { CliError } from './CliError.ts'
import type { CliContext } from './context.ts'
import { EXIT } from './exitCodes.ts'
import { formatMember } from './printMember.ts'
import { selectVos } from './selectVos.ts'
import { formatTable } from './table.ts'
import { withDatabase } from './withDatabase.ts'

const LIST_HELP = `
Examples:
  vouchd member list --vo vo.example
  vouchd member list --json | jq -r '.[] | select(.suspended) | .id'`

const SHOW_HELP = `
Takes the number that \`vouchd member list\` prints, or the subject of a certificate in slash form, in any usual
spelling. Exits with 1 when there is no such member.

Examples:
  vouchd member show 42
  vouchd member show '/C=IT/O=G/CN=u' --vo vo.example`

const CHANGES = [
  memberAddCommand,
  memberSetCommand,
  memberSuspendCommand,
  memberRestoreCommand,
  memberRemoveCommand,
  memberJoinCommand,
  memberLeaveCommand,
]

/** `vouchd member`: who is in the database, and changing it. */
export function memberCommand(context: CliContext): Command {
  const list = new Command('list')
    .description('list the members of every VO, or of one')
    .option('--vo <name>', 'only this VO')
    .option('--limit <count>', 'print at most so many', parseLimit)
    .option('--json', 'print JSON')
    .addHelpText('after', LIST_HELP)
    .action(context.action((options: ListArguments) => runList(context, options)))
  const show = new Command('show')
    .description('show one member: certificates, groups, roles, attributes')
    .argument('<member>', 'number of the member, or subject of a certificate')
    .option('--vo <name>', 'only in this VO')
    .option('--json', 'print JSON')
    .addHelpText('after', SHOW_HELP)
    .action(context.action((who: string, options: ShowArguments) => runShow(context, who, options)))
  const command = new Command('member').description(
    'members: list, show, add, set, suspend, restore, remove, join, leave',
  )
  command.addCommand(list).addCommand(show)
  for (const make of CHANGES) command.addCommand(make(context))
  return command
}

interface ListArguments {
  readonly vo?: string
  readonly limit?: number
  readonly json?: true
}
interface ShowArguments {
  readonly vo?: string
  readonly json?: true
}

function parseLimit(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError('write a whole number above 0.')
  return Number(text)
}

/** Members are fetched a page at a time, so that a list of any length takes little memory. */
const PAGE = 1000

async function runList(context: CliContext, { vo, limit, json }: ListArguments) {
  const { io } = context
  const config = context.loadConfig().config
  if (vo !== undefined) selectVos(config, vo)
  await withDatabase(config, 'command', async db => {
    let first = true
    let rest = limit ?? Number.POSITIVE_INFINITY
    let after: string | undefined
    for (;;) {
      const page = await listMembers(db, {
        limit: Math.min(PAGE, rest),
        ...(vo === undefined ? {} : { vo }),
        ...(after === undefined ? {} : { after }),
      })
      io.out(json ? jsonLines(page, first) : listTable(page, first))
      first = false
      rest -= page.length
      after = page.at(-1)?.id
      if (page.length < PAGE || rest <= 0) break
    }
    if (json) io.out('\n]\n')
  })
  return EXIT.ok
}

function jsonLines(page: readonly MemberSummary[], first: boolean): string {
  const head = first ? '[\n' : page.length > 0 ? ',\n' : ''
  return head + page.map(member => `  ${JSON.stringify(member)}`).join(',\n')
}

function listTable(page: readonly MemberSummary[], first: boolean): string {
  const rows = page.map(member => [
    member.id,
    member.vo,
    [member.givenName, member.surname].filter(Boolean).join(' ') || '-',
    stateOf(member),
    `${member.certificates}`,
    `${member.holdings}`,
    member.subject ?? '-',
  ])
  if (rows.length === 0) return first ? 'no members\n' : ''
  return formatTable(
    first ? [['ID', 'VO', 'NAME', 'STATE', 'CERTIFICATES', 'HOLDINGS', 'SUBJECT'], ...rows] : rows,
  )
}

function stateOf(member: MemberSummary): string {
  if (member.suspended) return 'suspended'
  if (member.certificates === 0) return 'no certificate'
  if (member.suspendedCertificates === member.certificates) return 'suspended'
  return member.suspendedCertificates > 0 ? 'partly suspended' : 'active'
}

async function runShow(context: CliContext, who: string, { vo, json }: ShowArguments) {
  const config = context.loadConfig().config
  if (vo !== undefined) selectVos(config, vo)
  const members = await withDatabase(config, 'command', db => findDetails(db, who, vo))
  if (members.length === 0) throw new CliError(EXIT.refused, `there is no member ${who}`)
  if (json) context.io.out(`${JSON.stringify(members, undefined, 2)}\n`)
  else context.io.out(members.map(member => formatMember(member)).join('\n'))
  return EXIT.ok
}

async function findDetails(db: Database, who: string, vo: string | undefined): Promise<MemberDetails[]> {
  const ids = who.startsWith('/') ? await findBySubject(db, who, vo) : [who]
  const members: MemberDetails[] = []
  for (const id of ids) {
    const member = await showMember(db, id)
    if (member !== undefined && (vo === undefined || member.vo === vo)) members.push(member)
  }
  return members
}

function findBySubject(db: Database, subject: string, vo: string | undefined): Promise<string[]> {
  const subjects = [subject, ...dnSpellings(parseName(nameFromOneline(subject)))]
  return findMembers(db, { subjects, subjectKey: keyOfString(subject), ...(vo === undefined ? {} : { vo }) })
}
