import { Command } from 'commander'
import { readJoins, readLeaves } from '../../admin/bulkRows.ts'
import { checkRows } from '../../admin/checkRows.ts'
import { voOfPath } from '../../admin/groups.ts'
import { holdingName, type Joined, joinGroups, type Left, leaveGroups } from '../../admin/holdings.ts'
import { parseEnd } from '../../admin/parseEnd.ts'
import { CliError } from '../CliError.ts'
import type { CliContext } from '../context.ts'
import { counted } from '../counted.ts'
import { EXIT } from '../exitCodes.ts'
import { refuseBeside } from './memberChanges.ts'
import {
  type ChangeOptions,
  fromOption,
  type RemovalOptions,
  runChange,
  runRemoval,
  voOf,
  withChangeOptions,
  withRemovalOptions,
} from './runAdmin.ts'

interface HoldingOptions {
  readonly vo?: string
  readonly role?: string
  readonly from?: string
}

const ARGUMENTS = [
  ['[member]', 'number, subject or e-mail address of the member'],
  ['[group]', 'full path of the group, or an FQAN'],
] as const

function withHoldingOptions(command: Command): Command {
  return command
    .argument(...ARGUMENTS[0])
    .argument(...ARGUMENTS[1])
    .option('--role <role>', 'the role in that group')
    .option('--vo <name>', 'with --from: the VO; may be left out where the configuration has one')
}

/** The one row of the command line; undefined with --from. */
function rowOf(member: string | undefined, group: string | undefined, { from, role }: HoldingOptions) {
  if (from !== undefined) {
    if (member === undefined && role === undefined) return undefined
    throw new CliError(EXIT.usage, 'name a member and a group, or --from FILE, not both')
  }
  if (member === undefined || group === undefined) {
    throw new CliError(EXIT.usage, 'name a member and a group, or --from FILE')
  }
  return { member, ...fromOption('--role', () => holdingName(group, role)) }
}

const JOIN_HELP = `
Who comes into a group comes into those above it, and who gets a role comes into its group. --until ends the holding
that is named, and changes the end of one that is held already. --from takes many: columns member, issuer (where several
members have that subject), group, role, until.

Examples:
  vouchd member join 42 /vo.example/physics
  vouchd member join 42 /vo.example/physics --role production --until 2027-01-31
  vouchd member join ada@example.org /vo.example/physics/Role=production
  vouchd member join --from shifters.csv --dry-run`

/** `vouchd member join`: gives members groups and roles. */
export function memberJoinCommand(context: CliContext): Command {
  return withChangeOptions(withHoldingOptions(new Command('join')))
    .description('give a member a group, or a role in a group')
    .option('--until <date>', 'end of it: 2027-01-31 (to its end, UTC), or never')
    .option('--from <file>', 'every row of a CSV or JSON file')
    .addHelpText('after', JOIN_HELP)
    .action(
      context.action(
        (
          member: string | undefined,
          group: string | undefined,
          options: ChangeOptions & HoldingOptions & { until?: string },
        ) => {
          const row = rowOf(member, group, options)
          const { until } = options
          refuseBeside(options.from, options, ['until'])
          const end = until === undefined ? {} : { endsAt: fromOption('--until', () => parseEnd(until)) }
          return runChange(
            context,
            options,
            async (db, author, config) => {
              const check = checkRows()
              const joins = row === undefined ? readJoins(options.from!, check) : [{ ...row, ...end }]
              const vo = row === undefined ? voOf(config, options.vo) : voOfPath(row.group)
              return { vo, joined: await joinGroups(db, author, vo, joins, check) }
            },
            ({ joined }) => joinedText(joined),
          )
        },
      ),
    )
}

const SHOWN = 20

function joinedText(joined: readonly Joined[]): string[] {
  const lines = joined.map(({ member, fqan, added, changed }) => {
    if (added.length > 0) return `member ${member} holds ${added.join(', ')}`
    return changed.length > 0
      ? `member ${member} holds ${fqan} with another end`
      : `member ${member} holds ${fqan} already`
  })
  if (joined.length === 1) return lines
  const news = joined.filter(({ added, changed }) => added.length + changed.length > 0).length
  return [`${counted(joined.length, 'row')}, ${news} of them changed something`, ...firstOf(lines)]
}

function firstOf(lines: readonly string[]): string[] {
  const rest = lines.length - SHOWN
  const shown = lines.slice(0, SHOWN).map(line => `  ${line}`)
  return rest > 0 ? [...shown, `  ... and ${rest} more (--json shows all)`] : shown
}

const LEAVE_HELP = `
Who leaves a group leaves those below it, and their roles. Asks first when more goes than what was named. --from takes
many: columns member, issuer, group, role.

Examples:
  vouchd member leave 42 /vo.example/physics --role production
  vouchd member leave 42 /vo.example/physics --yes
  vouchd member leave --from shifters.csv --dry-run`

/** `vouchd member leave`: takes groups and roles from members. */
export function memberLeaveCommand(context: CliContext): Command {
  return withRemovalOptions(withHoldingOptions(new Command('leave')))
    .description('take a group, or a role in a group, from a member')
    .option('--from <file>', 'every row of a CSV or JSON file')
    .addHelpText('after', LEAVE_HELP)
    .action(
      context.action(
        (member: string | undefined, group: string | undefined, options: RemovalOptions & HoldingOptions) => {
          const row = rowOf(member, group, options)
          return runRemoval(
            context,
            options,
            async (db, author, config) => {
              const check = checkRows()
              const leaves = row === undefined ? readLeaves(options.from!, check) : [row]
              const vo = row === undefined ? voOf(config, options.vo) : voOfPath(row.group)
              return { vo, left: await leaveGroups(db, author, vo, leaves, check) }
            },
            { ask: ({ left }) => leaveQuestion(left), say: ({ left }) => leftText(left) },
          )
        },
      ),
    )
}

function leaveQuestion(left: readonly Left[]): string | undefined {
  const removed = left.flatMap(one => one.removed)
  const [first] = left
  if (left.length === 1 && removed.length === 1) return undefined
  return left.length === 1
    ? `member ${first!.member} loses ${removed.join(', ')}`
    : `${counted(new Set(left.map(one => one.member)).size, 'member')} lose ${counted(removed.length, 'group or role', 'groups and roles')}`
}

function leftText(left: readonly Left[]): string[] {
  const lines = left.map(({ member, removed }) => `member ${member} no longer holds ${removed.join(', ')}`)
  return left.length === 1 ? lines : [counted(left.length, 'row'), ...firstOf(lines)]
}
