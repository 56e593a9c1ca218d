import { Command } from 'commander'
import { kindOf } from '../../../native-free/proxy/kindOf.ts'
import { AdminError } from '../../admin/AdminError.ts'
import { type CertificateNames, namesFromCertificate, namesFromText } from '../../admin/certificateNames.ts'
import {
  addCertificate,
  type CertificateRef,
  type CertificateSummary,
  listCertificates,
  removeCertificate,
  restoreCertificate,
  suspendCertificate,
} from '../../admin/certificates.ts'
import { findMember } from '../../admin/findMembers.ts'
import { formatTime } from '../../formatTime.ts'
import { CliError } from '../CliError.ts'
import type { CliContext } from '../context.ts'
import { findEec } from '../describeCertificate.ts'
import { EXIT } from '../exitCodes.ts'
import { printable } from '../printable.ts'
import { requireCertificates } from '../requireCertificates.ts'
import { formatTable } from '../table.ts'
import { parseCount } from './parseOptions.ts'
import {
  type ChangeOptions,
  fromOption,
  type RemovalOptions,
  runChange,
  runRead,
  runRemoval,
  withChangeOptions,
  withRemovalOptions,
} from './runAdmin.ts'

/** `vouchd cert`: the certificates of members. */
export function certCommand(context: CliContext): Command {
  const command = new Command('cert').description(
    "members' certificates: list, add, suspend, restore, remove",
  )
  command.addCommand(listCommand(context)).addCommand(addCommand(context))
  command.addCommand(suspendCommand(context)).addCommand(restoreCommand(context))
  return command.addCommand(removeCommand(context))
}

interface ListOptions {
  readonly vo?: string
  readonly limit?: number
  readonly json?: true
}

const LISTED = 1000

function listCommand(context: CliContext): Command {
  return new Command('list')
    .description('list certificates, of one member or of all')
    .argument('[member]', 'number, subject or e-mail address of the member')
    .option('--vo <name>', 'only this VO')
    .option('--limit <count>', `print at most so many; ${LISTED} when absent`, parseCount)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  vouchd cert list 42\n  vouchd cert list --vo vo.example --json')
    .action(
      context.action((member: string | undefined, { vo, limit = LISTED, json }: ListOptions) =>
        runRead(
          context,
          json === undefined ? {} : { json },
          async db => {
            const only = member === undefined ? undefined : (await findMember(db, { member }, vo)).id
            return listCertificates(db, {
              limit,
              ...(only === undefined ? {} : { member: only }),
              ...(vo === undefined ? {} : { vo }),
            })
          },
          certificateTable,
        ),
      ),
    )
}

function certificateTable(certificates: readonly CertificateSummary[]): string {
  if (certificates.length === 0) return 'no certificates\n'
  const rows = certificates.map(({ id, vo, member, suspended, suspendedReason, subject, issuer }) => [
    id,
    vo,
    member,
    suspended ? `suspended: ${suspendedReason ?? 'reason unknown'}` : 'active',
    subject,
    issuer,
  ])
  return formatTable([['ID', 'VO', 'MEMBER', 'STATE', 'SUBJECT', 'ISSUER'], ...rows])
}

export interface NameOptions {
  readonly dn?: string
  readonly issuer?: string
  readonly cert?: string
}

export function withNameOptions(command: Command): Command {
  return command
    .option('--dn <subject>', 'subject of the certificate, in slash form')
    .option('--issuer <issuer>', 'its issuer, in slash form')
    .option('--cert <file>', 'a certificate or proxy file instead of --dn and --issuer')
}

/** The certificate that options name. Throws CliError. */
export function namesFromOptions(context: CliContext, { dn, issuer, cert }: NameOptions): CertificateNames {
  if (cert !== undefined) {
    if (dn !== undefined || issuer !== undefined) throw namesMissing()
    return namesFromFile(context, cert)
  }
  if (dn === undefined || issuer === undefined) throw namesMissing()
  return fromOption('--dn, --issuer', () => namesFromText(dn, issuer))
}

function namesMissing(): CliError {
  return new CliError(EXIT.usage, 'name the certificate by --dn and --issuer, or by --cert')
}

function namesFromFile({ io }: CliContext, file: string): CertificateNames {
  const certificate = findEec(requireCertificates(file))
  if (certificate === undefined || kindOf(certificate) === 'ca') {
    throw new CliError(EXIT.refused, `${file} holds no certificate of a user; name the file that does`)
  }
  if (certificate.notAfter < io.clock.now()) {
    io.err(`vouchd: note: ${printable(file)} expired at ${formatTime(certificate.notAfter)}\n`)
  }
  try {
    return namesFromCertificate(certificate)
  } catch (cause) {
    if (!(cause instanceof AdminError)) throw cause
    throw new CliError(EXIT.refused, `${file}: ${cause.message}; ${cause.advice}`)
  }
}

const ADD_HELP = `
Best from a file, from which subject and issuer are read: a typed DN has to be the certificate's letter by letter. A
proxy stands for the certificate that it was made from. A certificate that is added to a suspended member is suspended,
too.

Examples:
  vouchd cert add 42 --cert newcert.pem
  vouchd cert add 42 --dn '/C=IT/O=G/CN=u' --issuer '/C=IT/O=G/CN=CA' --reason 'ticket 4711'`

function addCommand(context: CliContext): Command {
  return withChangeOptions(withNameOptions(new Command('add')))
    .description('give a member a further certificate')
    .argument('<member>', 'number, subject or e-mail address of the member')
    .option('--vo <name>', 'the VO of the member')
    .addHelpText('after', ADD_HELP)
    .action(
      context.action((member: string, options: ChangeOptions & NameOptions & { vo?: string }) => {
        const names = namesFromOptions(context, options)
        const ref = { member, ...(options.vo === undefined ? {} : { vo: options.vo }) }
        return runChange(
          context,
          options,
          (db, author) => addCertificate(db, author, ref, names),
          made => [
            `added a certificate to member ${made.member} of VO ${made.vo}: ${made.subject}`,
            ...(made.suspended ? ['it is suspended, as the member is'] : []),
          ],
        )
      }),
    )
}

interface RefOptions {
  readonly issuer?: string
  readonly vo?: string
}

function withRef(command: Command): Command {
  return command
    .argument('<certificate>', 'number that cert list prints, or subject in slash form')
    .option('--issuer <issuer>', 'its issuer, where the subject is not enough')
    .option('--vo <name>', 'only in this VO')
}

function refOf(certificate: string, { issuer, vo }: RefOptions): CertificateRef {
  return {
    certificate,
    ...(issuer === undefined ? {} : { issuer }),
    ...(vo === undefined ? {} : { vo }),
  }
}

const SUSPEND_HELP = `
The reason is told to whoever uses the certificate. Restoring its member does not restore it.

Example:
  vouchd cert suspend '/C=IT/O=G/CN=u' --reason 'key lost'`

function suspendCommand(context: CliContext): Command {
  return withChangeOptions(withRef(new Command('suspend')))
    .description('refuse one certificate, and no other of its member')
    .addHelpText('after', SUSPEND_HELP)
    .action(
      context.action((certificate: string, options: ChangeOptions & RefOptions) => {
        const { reason } = options
        if (!reason) throw new CliError(EXIT.usage, 'say why with --reason: the member is told')
        return runChange(
          context,
          options,
          (db, author) => suspendCertificate(db, author, refOf(certificate, options), reason),
          ({ id, member, subject }) => [`suspended certificate ${id} of member ${member}: ${subject}`],
        )
      }),
    )
}

function restoreCommand(context: CliContext): Command {
  return withChangeOptions(withRef(new Command('restore')))
    .description('accept a suspended certificate again')
    .addHelpText('after', "\nExample:\n  vouchd cert restore '/C=IT/O=G/CN=u' --reason 'key found'")
    .action(
      context.action((certificate: string, options: ChangeOptions & RefOptions) =>
        runChange(
          context,
          options,
          (db, author) => restoreCertificate(db, author, refOf(certificate, options)),
          ({ id, member, subject }) => [`restored certificate ${id} of member ${member}: ${subject}`],
        ),
      ),
    )
}

const REMOVE_HELP = `
Refuses to remove the last certificate of a member, unless --force says so.

Example:
  vouchd cert remove '/C=IT/O=G/CN=u' --issuer '/C=IT/O=G/CN=Old CA' --yes`

function removeCommand(context: CliContext): Command {
  return withRemovalOptions(withRef(new Command('remove')))
    .description('take a certificate away from its member')
    .option('--force', "even if it is the member's last one")
    .addHelpText('after', REMOVE_HELP)
    .action(
      context.action((certificate: string, options: RemovalOptions & RefOptions & { force?: true }) =>
        runRemoval(
          context,
          options,
          (db, author) => removeCertificate(db, author, refOf(certificate, options), options.force),
          {
            ask: ({ id, member, subject }) => `certificate ${id} of member ${member} goes: ${subject}`,
            say: ({ id, member, subject }) => [`removed certificate ${id} of member ${member}: ${subject}`],
          },
        ),
      ),
    )
}
