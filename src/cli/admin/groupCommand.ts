import { Command } from 'commander'
import {
  addGroup,
  type GroupChanges,
  type GroupDetails,
  type GroupSummary,
  listGroups,
  removeGroup,
  renameGroup,
  setGroup,
  showGroup,
} from '../../admin/groups.ts'
import { CliError } from '../CliError.ts'
import type { CliContext } from '../context.ts'
import { counted, countedList } from '../counted.ts'
import { EXIT } from '../exitCodes.ts'
import { formatFields } from '../printAc.ts'
import { formatTable } from '../table.ts'
import { parseCount, parseYesNo } from './parseOptions.ts'
import {
  type ChangeOptions,
  type RemovalOptions,
  runChange,
  runRead,
  runRemoval,
  withChangeOptions,
  withRemovalOptions,
} from './runAdmin.ts'

/** `vouchd group`: the groups of VOs. */
export function groupCommand(context: CliContext): Command {
  const command = new Command('group').description('groups: list, show, add, set, rename, remove')
  command.addCommand(listCommand(context)).addCommand(showCommand(context))
  command.addCommand(addCommand(context)).addCommand(setCommand(context))
  return command.addCommand(renameCommand(context)).addCommand(removeCommand(context))
}

function listCommand(context: CliContext): Command {
  return new Command('list')
    .description('list the groups of every VO, or of one')
    .option('--vo <name>', 'only this VO')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  vouchd group list --vo vo.example')
    .action(
      context.action((options: { vo?: string; json?: true }) =>
        runRead(context, options, db => listGroups(db, options), groupTable),
      ),
    )
}

function groupTable(groups: readonly GroupSummary[]): string {
  if (groups.length === 0) return 'no groups\n'
  const rows = groups.map(group => [
    group.path,
    `${group.members}`,
    `${group.roleHoldings}`,
    group.optional ? 'on request' : 'always',
    group.description ?? '-',
  ])
  return formatTable([['GROUP', 'MEMBERS', 'ROLES HELD', 'ISSUED', 'ABOUT'], ...rows])
}

const SHOWN_HOLDERS = 1000

function showCommand(context: CliContext): Command {
  return new Command('show')
    .description('show one group, and who is in it')
    .argument('<group>', 'full path')
    .option('--limit <count>', `show at most so many members; ${SHOWN_HOLDERS} when absent`, parseCount)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  vouchd group show /vo.example/physics')
    .action(
      context.action((path: string, options: { limit?: number; json?: true }) =>
        runRead(context, options, db => showGroup(db, path, options.limit ?? SHOWN_HOLDERS), formatGroup),
      ),
    )
}

function formatGroup(group: GroupDetails): string {
  const fields: [string, string | undefined][] = [
    ['group', group.path],
    ['about', group.description],
    ['issued', group.optional ? 'only when asked for by name' : 'always'],
    ['holds', `${counted(group.members, 'member')}, ${counted(group.roleHoldings, 'role')} held`],
  ]
  const head = formatFields(fields.filter((field): field is [string, string] => field[1] !== undefined))
  if (group.holders.length === 0) return head
  const rows = group.holders.map(({ member, name, role, suspended, endsAt, subject }) => [
    member,
    role ?? '-',
    suspended ? 'suspended' : (endsAt && `until ${endsAt.toISOString().slice(0, 10)}`) || 'active',
    name ?? '-',
    subject ?? '-',
  ])
  return head + formatTable([['MEMBER', 'ROLE', 'STATE', 'NAME', 'SUBJECT'], ...rows])
}

const ADD_HELP = `
Group names have letters, digits, ".", "_" and "-". A group that is optional is issued only when it is asked for by
name, or by a role in it.

Examples:
  vouchd group add /vo.example/physics
  vouchd group add /vo.example/physics/higgs/2026 --parents --optional`

interface AddOptions extends ChangeOptions {
  readonly description?: string
  readonly optional?: true
  readonly parents?: true
}

function addCommand(context: CliContext): Command {
  return withChangeOptions(new Command('add'))
    .description('make a group')
    .argument('<group>', 'full path: /VO/GROUP')
    .option('--parents', 'make the groups above it, too')
    .option('--optional', 'issue it only when it is asked for by name')
    .option('--description <text>', 'what it is for')
    .addHelpText('after', ADD_HELP)
    .action(
      context.action((path: string, options: AddOptions) => {
        const { description, optional = false, parents = false } = options
        const group = { path, optional, parents, ...(description === undefined ? {} : { description }) }
        return runChange(
          context,
          options,
          (db, author) => addGroup(db, author, group),
          ({ added }) => added.map(one => `added group ${one}`),
        )
      }),
    )
}

interface SetOptions extends ChangeOptions {
  readonly description?: string
  readonly optional?: boolean
}

function setCommand(context: CliContext): Command {
  return withChangeOptions(new Command('set'))
    .description('change what a group is')
    .argument('<group>', 'full path')
    .option('--optional <yes|no>', 'issue it only when it is asked for by name', parseYesNo)
    .option('--description <text>', 'what it is for; an empty text takes it away')
    .addHelpText('after', '\nExample:\n  vouchd group set /vo.example/admins --optional yes')
    .action(
      context.action((path: string, options: SetOptions) => {
        const { optional, description } = options
        const changes: GroupChanges = {
          ...(optional === undefined ? {} : { optional }),
          ...(description === undefined ? {} : { description }),
        }
        if (Object.keys(changes).length === 0) {
          throw new CliError(EXIT.usage, 'say what to change: --optional, --description')
        }
        return runChange(
          context,
          options,
          (db, author) => setGroup(db, author, path, changes),
          ({ group, changed }) => [
            changed.length === 0
              ? `group ${group} is so already`
              : `changed group ${group}: ${changed.join(', ')}`,
          ],
        )
      }),
    )
}

const RENAME_HELP = `
Takes the groups below it along. The new path may lie elsewhere in the VO, under a group that exists.

Examples:
  vouchd group rename /vo.example/physics /vo.example/analysis
  vouchd group rename /vo.example/higgs /vo.example/physics/higgs`

function renameCommand(context: CliContext): Command {
  return withChangeOptions(new Command('rename'))
    .description('rename or move a group with all below it')
    .argument('<group>', 'full path')
    .argument('<new-path>', 'its new full path')
    .addHelpText('after', RENAME_HELP)
    .action(
      context.action((from: string, to: string, options: ChangeOptions) =>
        runChange(
          context,
          options,
          (db, author) => renameGroup(db, author, from, to),
          ({ group, groups }) => [
            `renamed group ${from} to ${group}${groups > 1 ? `, with ${groups - 1} below it` : ''}`,
          ],
        ),
      ),
    )
}

function removeCommand(context: CliContext): Command {
  const goesAlong = (gone: { subgroups: number; holdings: number; attributes: number }) =>
    countedList([
      [gone.subgroups, 'subgroup'],
      [gone.holdings, 'membership'],
      [gone.attributes, 'attribute'],
    ]) ?? 'nothing in it'
  return withRemovalOptions(new Command('remove'))
    .description('remove a group with all below it')
    .argument('<group>', 'full path')
    .addHelpText('after', '\nExample:\n  vouchd group remove /vo.example/old --dry-run')
    .action(
      context.action((path: string, options: RemovalOptions) =>
        runRemoval(context, options, (db, author) => removeGroup(db, author, path), {
          ask: ({ group, gone }) => `group ${group} goes, with ${goesAlong(gone)}`,
          say: ({ group, gone }) => [`removed group ${group}, with ${goesAlong(gone)}`],
        }),
      ),
    )
}
