import { Command } from 'commander'
import { addRole, listRoles, type RoleSummary, removeRole, renameRole } from '../../admin/roles.ts'
import type { CliContext } from '../context.ts'
import { countedList } from '../counted.ts'
import { formatTable } from '../table.ts'
import {
  type ChangeOptions,
  type RemovalOptions,
  runChange,
  runRead,
  runRemoval,
  voOf,
  withChangeOptions,
  withRemovalOptions,
} from './runAdmin.ts'

interface InVo {
  readonly vo?: string
}

export const VO_OPTION = ['--vo <name>', 'the VO; may be left out where the configuration has one'] as const

/** `vouchd role`: the roles of VOs. */
export function roleCommand(context: CliContext): Command {
  const command = new Command('role').description('roles: list, add, rename, remove')
  command.addCommand(listCommand(context)).addCommand(addCommand(context))
  return command.addCommand(renameCommand(context)).addCommand(removeCommand(context))
}

function listCommand(context: CliContext): Command {
  return new Command('list')
    .description('list the roles of every VO, or of one')
    .option('--vo <name>', 'only this VO')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  vouchd role list --vo vo.example')
    .action(
      context.action((options: { vo?: string; json?: true }) =>
        runRead(context, options, db => listRoles(db, options.vo), roleTable),
      ),
    )
}

function roleTable(roles: readonly RoleSummary[]): string {
  if (roles.length === 0) return 'no roles\n'
  const rows = roles.map(({ vo, role, holdings, description }) => [
    vo,
    role,
    `${holdings}`,
    description ?? '-',
  ])
  return formatTable([['VO', 'ROLE', 'HELD', 'ABOUT'], ...rows])
}

const ADD_HELP = `
A role of a VO may be held in any of its groups. Names have letters, digits, ".", "_" and "-".

Example:
  vouchd role add production --vo vo.example`

function addCommand(context: CliContext): Command {
  return withChangeOptions(new Command('add'))
    .description('make a role')
    .argument('<role>', 'its name, without "Role="')
    .option(...VO_OPTION)
    .option('--description <text>', 'what it is for')
    .addHelpText('after', ADD_HELP)
    .action(
      context.action((role: string, options: ChangeOptions & InVo & { description?: string }) =>
        runChange(
          context,
          options,
          (db, author, config) => addRole(db, author, voOf(config, options.vo), role, options.description),
          made => [`added role ${made.role} to VO ${made.vo}`],
        ),
      ),
    )
}

function renameCommand(context: CliContext): Command {
  return withChangeOptions(new Command('rename'))
    .description('rename a role wherever it is held')
    .argument('<role>', 'its name')
    .argument('<new-name>', 'its new name')
    .option(...VO_OPTION)
    .addHelpText('after', '\nExample:\n  vouchd role rename prod production --vo vo.example')
    .action(
      context.action((from: string, to: string, options: ChangeOptions & InVo) =>
        runChange(
          context,
          options,
          (db, author, config) => renameRole(db, author, voOf(config, options.vo), from, to),
          ({ vo, role }) => [`renamed role ${from} of VO ${vo} to ${role}`],
        ),
      ),
    )
}

function removeCommand(context: CliContext): Command {
  const goesAlong = (gone: { holdings: number; attributes: number }) =>
    countedList([
      [gone.holdings, 'holding'],
      [gone.attributes, 'attribute'],
    ]) ?? 'nobody holding it'
  return withRemovalOptions(new Command('remove'))
    .description('remove a role from everyone who holds it')
    .argument('<role>', 'its name')
    .option(...VO_OPTION)
    .addHelpText('after', '\nExample:\n  vouchd role remove production --vo vo.example --dry-run')
    .action(
      context.action((role: string, options: RemovalOptions & InVo) =>
        runRemoval(
          context,
          options,
          (db, author, config) => removeRole(db, author, voOf(config, options.vo), role),
          {
            ask: ({ vo, gone }) => `role ${role} of VO ${vo} goes, with ${goesAlong(gone)}`,
            say: ({ vo, gone }) => [`removed role ${role} of VO ${vo}, with ${goesAlong(gone)}`],
          },
        ),
      ),
    )
}
