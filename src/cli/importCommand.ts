import { Command, Option } from 'commander'
import { DumpError } from '../adopt/DumpError.ts'
import { ImportError } from '../adopt/ImportError.ts'
import { type ImportResult, importVomsAdmin } from '../adopt/importVomsAdmin.ts'
import { checkInputFile, FileProblem } from '../check/readInputFile.ts'
import { readConfig } from '../config/readConfig.ts'
import { VO_NAME } from '../config/schema.ts'
import { CliError } from './CliError.ts'
import type { CliContext } from './context.ts'
import { EXIT } from './exitCodes.ts'
import { printable } from './printable.ts'
import { formatTable } from './table.ts'
import { withDatabase } from './withDatabase.ts'

const HELP = `
Reads a dump that mysqldump wrote of a VOMS Admin database, without any MySQL, and brings its members, certificates,
groups, roles and attributes into one VO: all of it or, on any error, nothing. Importing a newer dump brings the VO up
to date with it. Membership ends are kept, but refuse nobody in an imported VO.

The report tells what came of it, and what is odd in the source with how it was decided; --dry-run reports the same and
changes nothing. Needs \`vouchd migrate\` before.

Examples:
  mysqldump voms_vo_example > dump.sql      on the old server
  vouchd import voms-admin dump.sql --vo vo.example --dry-run
  vouchd import voms-admin dump.sql --vo vo.example`

interface Arguments {
  readonly vo: string
  readonly dryRun?: true
  readonly suspendedMembers: 'enforce' | 'certificates'
  readonly json?: true
}

/** `vouchd import`: members from other servers' databases. */
export function importCommand(context: CliContext): Command {
  const vomsAdmin = new Command('voms-admin')
    .description('import a mysqldump of a VOMS Admin database')
    .argument('<file>', 'the dump, uncompressed')
    .requiredOption('--vo <name>', 'the VO that the dump is of')
    .option('--dry-run', 'report, and change nothing')
    .addOption(
      new Option(
        '--suspended-members <how>',
        'refuse a suspended member with every certificate, or only with suspended ones as vomsd does',
      )
        .choices(['enforce', 'certificates'])
        .default('enforce'),
    )
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(context.action((file: string, options: Arguments) => run(context, file, options)))
  return new Command('import').description("import another server's members").addCommand(vomsAdmin)
}

async function run(context: CliContext, file: string, options: Arguments) {
  const { io } = context
  const config = readConfig(context.configFile())
  if (!VO_NAME.test(options.vo)) throw new CliError(EXIT.usage, `${options.vo} is no name of a VO`)
  if (!config.vos.some(vo => vo.name === options.vo)) {
    io.err(`vouchd: note: VO ${printable(options.vo)} is not in the configuration, so it is not served yet\n`)
  }
  const { dryRun = false, suspendedMembers } = options
  const result = await withDatabase(config, 'owner', async db => {
    try {
      checkInputFile(file)
      return await importVomsAdmin(file, options.vo, db, { clock: io.clock, dryRun, suspendedMembers })
    } catch (cause) {
      throw explain(file, cause)
    }
  })
  io.out(options.json ? `${JSON.stringify(result, undefined, 2)}\n` : formatImport(result))
  return EXIT.ok
}

function explain(file: string, cause: unknown): unknown {
  if (cause instanceof FileProblem) {
    return new CliError(EXIT.refused, `${file} ${cause.message}; ${cause.advice}`)
  }
  if (cause instanceof DumpError || cause instanceof ImportError) {
    return new CliError(EXIT.refused, `${file}: ${cause.message} (${cause.code}); nothing was changed`)
  }
  return cause
}

const SHOWN_EXAMPLES = 10

/** The report for people. */
export function formatImport({ vo, dryRun, created, counts, changes, findings }: ImportResult): string {
  const counted = Object.entries(counts).map(([name, count]) => [`  ${spelledOut(name)}`, String(count)])
  const changed = Object.entries(changes)
    .filter(([, { inserted, updated, deleted }]) => inserted + updated + deleted > 0)
    .map(([table, { inserted, updated, deleted }]) => [
      `  ${spelledOut(table)}`,
      `${inserted} new`,
      `${updated} changed`,
      `${deleted} removed`,
    ])
  const head = dryRun ? `VO ${vo}: dry run, nothing was changed; it would hold` : `VO ${vo} holds`
  const parts = [
    `${printable(head)}${created ? ' (new)' : ''}\n${formatTable(counted)}`,
    changed.length === 0 ? 'no changes\n' : `changes\n${formatTable(changed)}`,
    ...findings.map(
      ({ severity, meaning, count, examples }) =>
        `${severity === 'decision' ? 'decide' : 'note'}: ${count} x ${printable(meaning)}\n${examples
          .slice(0, SHOWN_EXAMPLES)
          .map(example => `  ${printable(example)}\n`)
          .join('')}${examples.length > SHOWN_EXAMPLES ? '  ... (--json shows more)\n' : ''}`,
    ),
  ]
  return parts.join('')
}

/** suspendedCertificates, vo_group: as words. */
function spelledOut(name: string): string {
  return name.replaceAll('_', ' ').replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)
}
