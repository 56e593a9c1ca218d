import { Command } from 'commander'
import { addMembers, type MembersAdded, type NewMember } from '../../admin/addMembers.ts'
import { readMembers } from '../../admin/bulkRows.ts'
import { checkRows } from '../../admin/checkRows.ts'
import { holdingName } from '../../admin/holdings.ts'
import {
  type MemberChanges,
  type MemberInVo,
  type MemberSuspension,
  PERSONAL_FIELDS,
  type PersonalData,
  removeMember,
  restoreMember,
  setMember,
  suspendMember,
} from '../../admin/members.ts'
import { parseEnd } from '../../admin/parseEnd.ts'
import { CliError } from '../CliError.ts'
import type { CliContext } from '../context.ts'
import { counted, countedList } from '../counted.ts'
import { EXIT } from '../exitCodes.ts'
import { type NameOptions, namesFromOptions, withNameOptions } from './certCommand.ts'
import { collect } from './parseOptions.ts'
import { VO_OPTION } from './roleCommand.ts'
import {
  asOptions,
  type ChangeOptions,
  fromOption,
  type RemovalOptions,
  runChange,
  runRemoval,
  voOf,
  withChangeOptions,
  withRemovalOptions,
} from './runAdmin.ts'

export const MEMBER_ARGUMENT = ['<member>', 'number, subject or e-mail address of the member'] as const
export const MEMBER_VO_OPTION = ['--vo <name>', 'only in this VO'] as const

type PersonalOptions = PersonalData & { readonly until?: string }

function withPersonalOptions(command: Command): Command {
  return command
    .option('--given-name <name>', 'given name')
    .option('--surname <name>', 'surname')
    .option('--email <address>', 'e-mail address')
    .option('--institution <name>', 'where the member works')
    .option('--address <text>', 'postal address')
    .option('--phone <number>', 'phone number')
    .option('--username <name>', 'user name')
    .option('--external-id <id>', "identifier in the organisation's own database")
    .option('--until <date>', 'end of the membership: 2027-01-31 (to its end, UTC), or never')
}

function personalOf(options: PersonalOptions): MemberChanges {
  const changes: { -readonly [K in keyof MemberChanges]: MemberChanges[K] } = {}
  for (const field of PERSONAL_FIELDS) {
    const text = options[field]
    if (text !== undefined) changes[field] = text
  }
  const { until } = options
  if (until !== undefined) changes.endsAt = fromOption('--until', () => parseEnd(until))
  return changes
}

const ADD_HELP = `
A member needs a certificate, best from a file, and belongs to the VO's root group and to the groups named; who comes
into a group comes into those above it. --from adds many: a CSV file with the names of its columns in the first line, or
a JSON array of objects; columns subject, issuer, givenName, surname, institution, address, phone, email, username,
externalId, until, groups (with ";" between). All rows are checked, then all are added, or none.

Examples:
  vouchd member add --cert usercert.pem --given-name Ada --surname Lovelace --email ada@example.org
  vouchd member add --dn '/C=IT/O=G/CN=u' --issuer '/C=IT/O=G/CN=CA' --group /vo.example/physics --until 2027-01-31
  vouchd member add --from members.csv --dry-run`

interface AddOptions extends ChangeOptions, NameOptions, PersonalOptions {
  readonly vo?: string
  readonly group?: readonly string[]
  readonly from?: string
}

export function memberAddCommand(context: CliContext): Command {
  return withChangeOptions(withPersonalOptions(withNameOptions(new Command('add').option(...VO_OPTION))))
    .description('add a member, or many from a file')
    .option(
      '--group <path>',
      'a group besides the root group, or an FQAN; may be given several times',
      collect,
    )
    .option('--from <file>', 'add every member of a CSV or JSON file')
    .addHelpText('after', ADD_HELP)
    .action(
      context.action((options: AddOptions) => {
        refuseBeside(options.from, options, ['dn', 'issuer', 'cert', 'group', 'until', ...PERSONAL_FIELDS])
        const one = options.from === undefined ? memberFromOptions(context, options) : undefined
        return runChange(
          context,
          options,
          (db, author, config) => {
            const check = checkRows()
            const members = one === undefined ? readMembers(options.from!, check) : [one]
            return addMembers(db, author, voOf(config, options.vo), members, check)
          },
          addedText,
        )
      }),
    )
}

/** Refuses options that say something of one row beside a file of rows. */
export function refuseBeside<T extends object>(
  from: string | undefined,
  options: T,
  names: readonly (keyof T & string)[],
): void {
  if (from === undefined) return
  const beside = names.find(name => options[name] !== undefined)
  if (beside === undefined) return
  throw new CliError(
    EXIT.usage,
    `--${asOptions([beside])} says nothing beside --from: write it into the file`,
  )
}

function memberFromOptions(context: CliContext, options: AddOptions): NewMember {
  const groups = options.group ?? []
  return {
    certificate: namesFromOptions(context, options),
    ...personalOf(options),
    holdings: fromOption('--group', () => groups.map(group => holdingName(group))),
  }
}

const SHOWN = 20

function addedText({ vo, members, notes }: MembersAdded): string[] {
  const lines =
    members.length === 1
      ? members.map(
          ({ member, subject, holds }) =>
            `added member ${member} to VO ${vo}: ${subject}; holds ${holds.join(', ')}`,
        )
      : [
          `added ${counted(members.length, 'member')} to VO ${vo}`,
          ...members.slice(0, SHOWN).map(({ member, subject }) => `  ${member}  ${subject}`),
          ...(members.length > SHOWN ? [`  ... and ${members.length - SHOWN} more (--json shows all)`] : []),
        ]
  return [...lines, ...notes.map(note => `note: ${note}`)]
}

const SET_HELP = `
An empty text takes a value away.

Examples:
  vouchd member set 42 --email new@example.org
  vouchd member set 42 --until 2027-01-31 --reason 'contract prolonged'
  vouchd member set 42 --phone '' --until never`

export function memberSetCommand(context: CliContext): Command {
  return withChangeOptions(withPersonalOptions(new Command('set')))
    .description('change what is known of a member, and when the membership ends')
    .argument(...MEMBER_ARGUMENT)
    .option(...MEMBER_VO_OPTION)
    .addHelpText('after', SET_HELP)
    .action(
      context.action((member: string, options: ChangeOptions & PersonalOptions & { vo?: string }) => {
        const changes = personalOf(options)
        if (Object.keys(changes).length === 0) {
          throw new CliError(EXIT.usage, 'say what to change: --email, --until ... (--help lists them)')
        }
        return runChange(
          context,
          options,
          (db, author) => setMember(db, author, refOf(member, options), changes),
          ({ member: id, vo, changed, endsAt, endIsEnforced }) => [
            changed.length === 0
              ? `member ${id} of VO ${vo} is so already`
              : `changed member ${id} of VO ${vo}: ${asOptions(changed)}`,
            ...(changes.endsAt && endsAt !== undefined && !endIsEnforced
              ? [
                  `note: VO ${vo} does not enforce ends of memberships (vouchd vo set ${vo} --enforce-end-dates yes)`,
                ]
              : []),
          ],
        )
      }),
    )
}

export function refOf(member: string, { vo }: { readonly vo?: string }): MemberInVo {
  return vo === undefined ? { member } : { member, vo }
}

const SUSPEND_HELP = `
Suspends every certificate of the member, too. The reason is told to the member, whose requests are refused with it from
the next second on.

Examples:
  vouchd member suspend 42 --reason 'left the experiment'
  vouchd member suspend ada@example.org --reason 'certificate stolen' --code SECURITY_INCIDENT`

export function memberSuspendCommand(context: CliContext): Command {
  return withChangeOptions(new Command('suspend'))
    .description('refuse a member, with every certificate')
    .argument(...MEMBER_ARGUMENT)
    .option(...MEMBER_VO_OPTION)
    .option('--code <code>', 'kind of suspension, for programs', 'OTHER')
    .addHelpText('after', SUSPEND_HELP)
    .action(
      context.action((member: string, options: ChangeOptions & { vo?: string; code: string }) => {
        const { reason } = options
        if (!reason) throw new CliError(EXIT.usage, 'say why with --reason: the member is told')
        return runChange(
          context,
          options,
          (db, author) => suspendMember(db, author, refOf(member, options), reason, options.code),
          suspension => suspensionText('suspended', suspension),
        )
      }),
    )
}

const RESTORE_HELP = `
Restores the certificates that were suspended with the member; one that was suspended by itself stays so.

Example:
  vouchd member restore 42 --reason 'back again'`

export function memberRestoreCommand(context: CliContext): Command {
  return withChangeOptions(new Command('restore'))
    .description('accept a suspended member again')
    .argument(...MEMBER_ARGUMENT)
    .option(...MEMBER_VO_OPTION)
    .addHelpText('after', RESTORE_HELP)
    .action(
      context.action((member: string, options: ChangeOptions & { vo?: string }) =>
        runChange(
          context,
          options,
          (db, author) => restoreMember(db, author, refOf(member, options)),
          suspension => suspensionText('restored', suspension),
        ),
      ),
    )
}

function suspensionText(done: string, { member, vo, certificates, stillSuspended }: MemberSuspension) {
  return [
    `${done} member ${member} of VO ${vo}, with ${counted(certificates.length, 'certificate')}`,
    ...stillSuspended.map(subject => `suspended for a reason of its own: ${subject}`),
  ]
}

export function memberRemoveCommand(context: CliContext): Command {
  const goesAlong = (gone: { certificates: number; holdings: number; attributes: number }) =>
    countedList([
      [gone.certificates, 'certificate'],
      [gone.holdings, 'membership'],
      [gone.attributes, 'attribute'],
    ]) ?? 'nothing'
  return withRemovalOptions(new Command('remove'))
    .description('remove a member, with certificates, groups, roles and attributes')
    .argument(...MEMBER_ARGUMENT)
    .option(...MEMBER_VO_OPTION)
    .addHelpText('after', "\nExample:\n  vouchd member remove 42 --reason 'entered twice' --yes")
    .action(
      context.action((member: string, options: RemovalOptions & { vo?: string }) =>
        runRemoval(context, options, (db, author) => removeMember(db, author, refOf(member, options)), {
          ask: ({ member: id, vo, gone }) => `member ${id} of VO ${vo} goes, with ${goesAlong(gone)}`,
          say: ({ member: id, vo, gone }) => [`removed member ${id} of VO ${vo}, with ${goesAlong(gone)}`],
        }),
      ),
    )
}
