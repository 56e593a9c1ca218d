import { Command } from 'commander'
import {
  type AttributeClass,
  addAttributeClass,
  listAttributeClasses,
  removeAttributeClass,
  renameAttributeClass,
} from '../../admin/attributeClasses.ts'
import {
  type AttributeHolder,
  type AttributeRow,
  type AttributesChanged,
  listAttributes,
  removeAttributes,
  setAttributes,
} from '../../admin/attributes.ts'
import { groupAttributeHolder, readAttributes, readRemovals } from '../../admin/bulkRows.ts'
import { checkRows } from '../../admin/checkRows.ts'
import { findMember } from '../../admin/findMembers.ts'
import { voOfPath } from '../../admin/groups.ts'
import type { Config } from '../../config/types.ts'
import type { Database } from '../../store/database.ts'
import { CliError } from '../CliError.ts'
import type { CliContext } from '../context.ts'
import { counted, countedList } from '../counted.ts'
import { EXIT } from '../exitCodes.ts'
import { formatTable } from '../table.ts'
import { refuseBeside } from './memberChanges.ts'
import { parseCount } from './parseOptions.ts'
import { VO_OPTION } from './roleCommand.ts'
import {
  type ChangeOptions,
  fromOption,
  type RemovalOptions,
  runChange,
  runRead,
  runRemoval,
  voOf,
  withChangeOptions,
  withRemovalOptions,
} from './runAdmin.ts'

/** `vouchd attribute`: generic attributes and their classes. */
export function attributeCommand(context: CliContext): Command {
  const command = new Command('attribute').description('generic attributes: list, set, remove; class')
  command.addCommand(listCommand(context)).addCommand(setCommand(context))
  return command.addCommand(removeCommand(context)).addCommand(classCommand(context))
}

interface HolderOptions {
  readonly vo?: string
  readonly member?: string
  readonly group?: string
  readonly role?: string
}

function withHolderOptions(command: Command): Command {
  return command
    .option('--member <member>', 'of this member: number, subject or e-mail address')
    .option('--group <path>', 'of everyone in this group')
    .option('--role <role>', 'of everyone with this role in that group')
}

interface ListOptions extends HolderOptions {
  readonly name?: string
  readonly limit?: number
  readonly json?: true
}

const LISTED = 1000

function listCommand(context: CliContext): Command {
  return withHolderOptions(new Command('list'))
    .description('list the attributes that are set')
    .option('--vo <name>', 'only this VO')
    .option('--name <attribute>', 'only this attribute')
    .option('--limit <count>', `print at most so many; ${LISTED} when absent`, parseCount)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  vouchd attribute list --member 42\n  vouchd attribute list --name nickname --json',
    )
    .action(
      context.action((options: ListOptions) =>
        runRead(
          context,
          options,
          async db => {
            const { member, json, limit = LISTED, ...filter } = options
            const id =
              member === undefined ? {} : { member: (await findMember(db, { member }, options.vo)).id }
            return listAttributes(db, { ...filter, ...id, limit })
          },
          attributeTable,
        ),
      ),
    )
}

function attributeTable(attributes: readonly AttributeRow[]): string {
  if (attributes.length === 0) return 'no attributes\n'
  const rows = attributes.map(({ vo, scope, member, group, role, name, value }) => [
    vo,
    scope === 'member' ? `member ${member}` : role === undefined ? (group ?? '-') : `${group}/Role=${role}`,
    name,
    value,
  ])
  return formatTable([['VO', 'OF', 'ATTRIBUTE', 'VALUE'], ...rows])
}

interface SetOptions extends ChangeOptions, HolderOptions {
  readonly from?: string
}

const SET_HELP = `
The attribute has to be allowed in the VO first (vouchd attribute class add). --from takes many: columns name, value,
member (with issuer where several have that subject), group, role.

Examples:
  vouchd attribute set nickname ada --member 42
  vouchd attribute set quota 20 --group /vo.example/physics --role production
  vouchd attribute set --from nicknames.csv`

function setCommand(context: CliContext): Command {
  return withChangeOptions(withHolderOptions(new Command('set')))
    .description('set an attribute of a member, of a group, or of a role in a group')
    .argument('[name]', 'the attribute')
    .argument('[value]', 'its value')
    .option(...VO_OPTION)
    .option('--from <file>', 'every row of a CSV or JSON file')
    .addHelpText('after', SET_HELP)
    .action(
      context.action((name: string | undefined, value: string | undefined, options: SetOptions) => {
        const { from } = options
        if (from === undefined ? name === undefined || value === undefined : name !== undefined) {
          throw new CliError(EXIT.usage, 'name an attribute and its value, or --from FILE')
        }
        refuseBeside(from, options, ['member', 'group', 'role'])
        const row = from === undefined ? { name: name!, value: value!, holder: holderOf(options) } : undefined
        return runChange(
          context,
          options,
          async (db, author, config) => {
            const check = checkRows()
            const rows = row === undefined ? readAttributes(from!, check) : [row]
            const vo = await attributeVo(db, config, options, row?.holder)
            return setAttributes(db, author, vo, rows, check)
          },
          changedText,
        )
      }),
    )
}

function holderOf({ member, group, role }: HolderOptions): AttributeHolder {
  if ((member === undefined) === (group === undefined) || (member !== undefined && role !== undefined)) {
    throw new CliError(EXIT.usage, 'say whose attribute: --member, or --group with or without --role')
  }
  if (member !== undefined) return { scope: 'member', member: { member } }
  return fromOption('--group', () => groupAttributeHolder(group!, role))
}

/** The VO that was named, that of the group or member, or the only one of the configuration. */
async function attributeVo(
  db: Database,
  config: Config,
  { vo }: HolderOptions,
  holder: AttributeHolder | undefined,
): Promise<string> {
  if (vo !== undefined || holder === undefined) return voOf(config, vo)
  if (holder.scope === 'member') return (await findMember(db, holder.member)).vo
  return voOfPath(holder.group)
}

function changedText({ vo, added, changed, removed }: AttributesChanged): string[] {
  const parts = [
    added > 0 && `added ${counted(added, 'attribute')}`,
    changed > 0 && `changed ${counted(changed, 'attribute')}`,
    removed > 0 && `removed ${counted(removed, 'attribute')}`,
  ].filter(part => part !== false)
  return [parts.length === 0 ? 'it is so already' : `${parts.join(', ')} in VO ${vo}`]
}

const REMOVE_HELP = `
Examples:
  vouchd attribute remove nickname --member 42
  vouchd attribute remove --from nicknames.csv --yes`

function removeCommand(context: CliContext): Command {
  return withRemovalOptions(withHolderOptions(new Command('remove')))
    .description('take an attribute from a member, a group, or a role in a group')
    .argument('[name]', 'the attribute')
    .option(...VO_OPTION)
    .option('--from <file>', 'every row of a CSV or JSON file: name, member, issuer, group, role')
    .addHelpText('after', REMOVE_HELP)
    .action(
      context.action((name: string | undefined, options: RemovalOptions & SetOptions) => {
        const { from } = options
        if ((from === undefined) === (name === undefined)) {
          throw new CliError(EXIT.usage, 'name an attribute, or --from FILE')
        }
        refuseBeside(from, options, ['member', 'group', 'role'])
        const row = name === undefined ? undefined : { name, holder: holderOf(options) }
        return runRemoval(
          context,
          options,
          async (db, author, config) => {
            const check = checkRows()
            const rows = row === undefined ? readRemovals(from!, check) : [row]
            const vo = await attributeVo(db, config, options, row?.holder)
            return removeAttributes(db, author, vo, rows, check)
          },
          {
            ask: ({ vo, removed }) =>
              removed > 1 ? `${counted(removed, 'attribute')} of VO ${vo} go` : undefined,
            say: changedText,
          },
        )
      }),
    )
}

function classCommand(context: CliContext): Command {
  const command = new Command('class').description('which attributes a VO knows: list, add, rename, remove')
  command.addCommand(classListCommand(context)).addCommand(classAddCommand(context))
  return command.addCommand(classRenameCommand(context)).addCommand(classRemoveCommand(context))
}

interface InVo {
  readonly vo?: string
}

function classListCommand(context: CliContext): Command {
  return new Command('list')
    .description('list the attributes that may be set')
    .option('--vo <name>', 'only this VO')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  vouchd attribute class list --vo vo.example')
    .action(
      context.action((options: InVo & { json?: true }) =>
        runRead(context, options, db => listAttributeClasses(db, options.vo), classTable),
      ),
    )
}

function classTable(classes: readonly AttributeClass[]): string {
  if (classes.length === 0) return 'no attributes\n'
  const rows = classes.map(({ vo, attribute, values, unique, description }) => [
    vo,
    attribute,
    `${values}`,
    unique ? 'unique' : 'any',
    description ?? '-',
  ])
  return formatTable([['VO', 'ATTRIBUTE', 'SET', 'VALUES', 'ABOUT'], ...rows])
}

function classAddCommand(context: CliContext): Command {
  return withChangeOptions(new Command('add'))
    .description('let an attribute be set in a VO')
    .argument('<name>', 'the attribute')
    .option(...VO_OPTION)
    .option('--description <text>', 'what it is for')
    .option('--unique', 'no two members may have the same value')
    .addHelpText('after', '\nExample:\n  vouchd attribute class add nickname --unique --vo vo.example')
    .action(
      context.action(
        (name: string, options: ChangeOptions & InVo & { description?: string; unique?: true }) => {
          const { description, unique = false } = options
          const attribute = { name, unique, ...(description === undefined ? {} : { description }) }
          return runChange(
            context,
            options,
            (db, author, config) => addAttributeClass(db, author, voOf(config, options.vo), attribute),
            made => [`attribute ${made.attribute} may be set in VO ${made.vo}`],
          )
        },
      ),
    )
}

function classRenameCommand(context: CliContext): Command {
  return withChangeOptions(new Command('rename'))
    .description('rename an attribute wherever it is set')
    .argument('<name>', 'the attribute')
    .argument('<new-name>', 'its new name')
    .option(...VO_OPTION)
    .addHelpText('after', '\nExample:\n  vouchd attribute class rename nick nickname --vo vo.example')
    .action(
      context.action((from: string, to: string, options: ChangeOptions & InVo) =>
        runChange(
          context,
          options,
          (db, author, config) => renameAttributeClass(db, author, voOf(config, options.vo), from, to),
          ({ vo, attribute }) => [`renamed attribute ${from} of VO ${vo} to ${attribute}`],
        ),
      ),
    )
}

function classRemoveCommand(context: CliContext): Command {
  const goesAlong = (gone: { values: number }) => countedList([[gone.values, 'value']]) ?? 'no values'
  return withRemovalOptions(new Command('remove'))
    .description('remove an attribute with all its values')
    .argument('<name>', 'the attribute')
    .option(...VO_OPTION)
    .addHelpText('after', '\nExample:\n  vouchd attribute class remove nickname --vo vo.example --dry-run')
    .action(
      context.action((name: string, options: RemovalOptions & InVo) =>
        runRemoval(
          context,
          options,
          (db, author, config) => removeAttributeClass(db, author, voOf(config, options.vo), name),
          {
            ask: ({ vo, gone }) => `attribute ${name} of VO ${vo} goes, with ${goesAlong(gone)}`,
            say: ({ vo, gone }) => [`removed attribute ${name} of VO ${vo}, with ${goesAlong(gone)}`],
          },
        ),
      ),
    )
}
