import { Command, Option } from 'commander'
import {
  addVo,
  listVos,
  removeVo,
  renameVo,
  setVo,
  showVo,
  type VoCounts,
  type VoSummary,
} from '../../admin/vos.ts'
import { CliError } from '../CliError.ts'
import type { CliContext } from '../context.ts'
import { countedList } from '../counted.ts'
import { EXIT } from '../exitCodes.ts'
import { formatFields } from '../printAc.ts'
import { printable } from '../printable.ts'
import { formatTable } from '../table.ts'
import { parseYesNo } from './parseOptions.ts'
import {
  asOptions,
  type ChangeOptions,
  type RemovalOptions,
  runChange,
  runRead,
  runRemoval,
  withChangeOptions,
  withRemovalOptions,
} from './runAdmin.ts'

interface SetOptions extends ChangeOptions {
  readonly description?: string
  readonly enforceEndDates?: boolean
  readonly resolution?: 'vomsd' | 'iam'
}

/** `vouchd vo`: the VOs of the database. */
export function voCommand(context: CliContext): Command {
  const command = new Command('vo').description('VOs in the database: list, show, add, set, rename, remove')
  command.addCommand(listCommand(context)).addCommand(showCommand(context))
  command.addCommand(addCommand(context)).addCommand(setCommand(context))
  return command.addCommand(renameCommand(context)).addCommand(removeCommand(context))
}

function listCommand(context: CliContext): Command {
  return new Command('list')
    .description('list the VOs of the database')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  vouchd vo list')
    .action(
      context.action((options: { json?: true }) => runRead(context, options, db => listVos(db), voTable)),
    )
}

function voTable(vos: readonly VoSummary[]): string {
  if (vos.length === 0) return 'no VOs\n'
  const rows = vos.map(({ name, holds, enforceEndDates, resolution, followedFrom }) => [
    name,
    `${holds.members}`,
    `${holds.groups}`,
    `${holds.roles}`,
    enforceEndDates ? 'enforced' : 'ignored',
    resolution,
    followedFrom ?? '-',
  ])
  return formatTable([['VO', 'MEMBERS', 'GROUPS', 'ROLES', 'END DATES', 'RULES', 'FOLLOWED FROM'], ...rows])
}

function showCommand(context: CliContext): Command {
  return new Command('show')
    .description('show one VO: settings, and how much it holds')
    .argument('<vo>', 'name of the VO')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  vouchd vo show vo.example')
    .action(
      context.action((name: string, options: { json?: true }) =>
        runRead(context, options, db => showVo(db, name), formatVo),
      ),
    )
}

function formatVo(vo: VoSummary): string {
  const fields: [string, string | undefined][] = [
    ['VO', vo.name],
    ['about', vo.description],
    ['since', vo.createdAt.toISOString().slice(0, 10)],
    ['end dates', vo.enforceEndDates ? 'enforced' : 'kept, but refuse nobody'],
    ['rules', vo.resolution],
    ['followed', vo.followedFrom],
    ['holds', holdsText(vo.holds) ?? 'nothing'],
  ]
  return formatFields(fields.filter((field): field is [string, string] => field[1] !== undefined))
}

function holdsText(counts: VoCounts): string | undefined {
  return countedList([
    [counts.members, 'member'],
    [counts.suspendedMembers, 'suspended member'],
    [counts.certificates, 'certificate'],
    [counts.groups, 'group'],
    [counts.roles, 'role'],
    [counts.holdings, 'membership'],
    [counts.attributes, 'attribute'],
  ])
}

function withSettings(command: Command): Command {
  return command
    .option('--description <text>', 'what it is; an empty text takes it away')
    .option('--enforce-end-dates <yes|no>', 'whether a member whose end is past is refused', parseYesNo)
    .addOption(
      new Option('--resolution <rules>', 'whose rules choose the FQANs that are issued').choices([
        'vomsd',
        'iam',
      ]),
    )
}

const ADD_HELP = `
Makes the VO with its root group. The configuration needs a [[vo]] of the same name before it is served.

Examples:
  vouchd vo add vo.example
  vouchd vo add vo.example --description 'The example collaboration' --enforce-end-dates no`

function addCommand(context: CliContext): Command {
  return withChangeOptions(withSettings(new Command('add')))
    .description('make a VO')
    .argument('<vo>', 'name of the VO')
    .addHelpText('after', ADD_HELP)
    .action(
      context.action((name: string, options: SetOptions) =>
        runChange(
          context,
          options,
          async (db, author, config) => {
            const made = await addVo(db, author, { name, ...settingsOf(options) })
            if (!config.vos.some(vo => vo.name === name)) {
              context.io.err(
                `vouchd: note: VO ${printable(name)} is not in the configuration, so it is not served yet\n`,
              )
            }
            return made
          },
          ({ vo }) => [`added VO ${vo}, with its root group /${vo}`],
        ),
      ),
    )
}

function settingsOf({ description, enforceEndDates, resolution }: SetOptions) {
  return {
    ...(description === undefined ? {} : { description }),
    ...(enforceEndDates === undefined ? {} : { enforceEndDates }),
    ...(resolution === undefined ? {} : { resolution }),
  }
}

const SET_HELP = `
Example:
  vouchd vo set vo.example --enforce-end-dates yes --reason 'agreed on 31 January'`

function setCommand(context: CliContext): Command {
  return withChangeOptions(withSettings(new Command('set')))
    .description('change settings of a VO')
    .argument('<vo>', 'name of the VO')
    .addHelpText('after', SET_HELP)
    .action(
      context.action((name: string, options: SetOptions) => {
        const changes = settingsOf(options)
        if (Object.keys(changes).length === 0) {
          throw new CliError(
            EXIT.usage,
            'say what to change: --description, --enforce-end-dates, --resolution ...',
          )
        }
        return runChange(
          context,
          options,
          (db, author) => setVo(db, author, name, changes),
          ({ vo, changed, refusedMembers }) => [
            changed.length === 0 ? `VO ${vo} is so already` : `changed VO ${vo}: ${asOptions(changed)}`,
            ...(refusedMembers > 0
              ? [`${refusedMembers} of its members are refused, as their end is past`]
              : []),
          ],
        )
      }),
    )
}

const RENAME_HELP = `
Renames the VO and all its groups, so that each of its FQANs becomes another one. Then rename it in the configuration,
and in everything that maps the FQANs.

Example:
  vouchd vo rename vo.example newvo.example`

function renameCommand(context: CliContext): Command {
  return withRemovalOptions(new Command('rename'))
    .description('rename a VO with all its groups')
    .argument('<vo>', 'name of the VO')
    .argument('<new-name>', 'its new name')
    .addHelpText('after', RENAME_HELP)
    .action(
      context.action((from: string, to: string, options: RemovalOptions) =>
        runRemoval(context, options, (db, author) => renameVo(db, author, from, to), {
          ask: ({ groups }) => `VO ${from} becomes ${to}, and so do the FQANs of ${groups} groups`,
          say: ({ groups }) => [
            `renamed VO ${from} to ${to} with ${groups} groups; rename it in the configuration, too`,
          ],
        }),
      ),
    )
}

function removeCommand(context: CliContext): Command {
  return withRemovalOptions(new Command('remove'))
    .description('remove a VO with all that it holds')
    .argument('<vo>', 'name of the VO')
    .addHelpText('after', '\nExample:\n  vouchd vo remove vo.example --dry-run')
    .action(
      context.action((name: string, options: RemovalOptions) =>
        runRemoval(context, options, (db, author) => removeVo(db, author, name), {
          ask: ({ vo, gone }) => `VO ${vo} goes, with ${holdsText(gone) ?? 'nothing in it'}`,
          say: ({ vo, gone }) => [`removed VO ${vo}, with ${holdsText(gone) ?? 'nothing in it'}`],
        }),
      ),
    )
}
