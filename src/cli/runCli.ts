import { Command, CommanderError } from 'commander'
import { ConfigError, formatConfigFault } from '../config/ConfigError.ts'
import { type ConfigSources, loadConfig } from '../config/loadConfig.ts'
import { SigningKeyFault } from '../issue/sign/loadSigningKey.ts'
import { plainLine } from '../observe/plainLine.ts'
import { DatabaseError } from '../store/DatabaseError.ts'
import { attributeCommand } from './admin/attributeCommand.ts'
import { certCommand } from './admin/certCommand.ts'
import { changesCommand } from './admin/changesCommand.ts'
import { groupCommand } from './admin/groupCommand.ts'
import { roleCommand } from './admin/roleCommand.ts'
import { voCommand } from './admin/voCommand.ts'
import { auditCommand } from './auditCommand.ts'
import { backupCommand } from './backupCommand.ts'
import { CliError } from './CliError.ts'
import { checkCommand } from './checkCommand.ts'
import { compareCommand } from './compareCommand.ts'
import type { CliContext, CliIo } from './context.ts'
import { EXIT, type ExitCode } from './exitCodes.ts'
import { explainCommand } from './explainCommand.ts'
import { importCommand } from './importCommand.ts'
import { inspectCommand } from './inspectCommand.ts'
import { lscCommand } from './lscCommand.ts'
import { memberCommand } from './memberCommand.ts'
import { migrateCommand } from './migrateCommand.ts'
import { namingConfig } from './namingConfig.ts'
import { normaliseOptions } from './normaliseOptions.ts'
import { printable } from './printable.ts'
import { proxyInfoCommand } from './proxyInfoCommand.ts'
import { proxyInitCommand } from './proxyInitCommand.ts'
import { reloadCommand } from './reloadCommand.ts'
import { restoreCommand } from './restoreCommand.ts'
import { serveCommand } from './serveCommand.ts'
import { statusCommand } from './statusCommand.ts'
import { version } from './version.ts'
import { vomsesCommand } from './vomsesCommand.ts'

const DEFAULT_CONFIG = '/etc/vouchd/vouchd.toml'

const EXIT_CODES = `

Exit codes:
  0   done
  1   the answer is no: faults found, request refused, member or file not good
  2   wrong arguments
  3   the configuration cannot be used
  4   the database cannot be used
  5   this Node.js is too old
  6   no daemon answers
  70  a fault of vouchd itself
  143 ended by a second signal`

const EXAMPLES = `
Examples:
  vouchd check                                  every fault of a set-up at once
  vouchd migrate && vouchd serve                the database's schema, then the daemon
  vouchd explain --vo vo.example --dn '/C=IT/O=G/CN=u' --issuer '/C=IT/O=G/CN=CA'
  vouchd inspect /tmp/x509up_u1000              what stands in a proxy and its ACs`

/** In the order of --help. */
const COMMANDS = [
  serveCommand,
  reloadCommand,
  statusCommand,
  checkCommand,
  migrateCommand,
  backupCommand,
  restoreCommand,
  importCommand,
  voCommand,
  memberCommand,
  certCommand,
  groupCommand,
  roleCommand,
  attributeCommand,
  changesCommand,
  explainCommand,
  compareCommand,
  inspectCommand,
  proxyInitCommand,
  proxyInfoCommand,
  vomsesCommand,
  lscCommand,
  auditCommand,
]

/** Runs one command line (without the program's own name) and gives its exit code. Never throws. */
export async function runCli(args: readonly string[], given: CliIo): Promise<ExitCode> {
  // What people read is printable already; what programs read, JSON, escapes only some of what steers a terminal.
  const io: CliIo = { ...given, out: text => given.out(plainLine(text)) }
  let exitCode: ExitCode = EXIT.ok
  const program = new Command('vouchd')
  const context: CliContext = {
    io,
    configFile: () => program.opts<{ config: string }>().config,
    configName: () => {
      const { file, vomsConf } = configSources(program)
      return [...(file === undefined ? [] : [file]), ...vomsConf].join(', ')
    },
    loadConfig: () => loadConfig(configSources(program)),
    advise: advice => namingConfig(advice, namedSources(program)),
    action:
      work =>
      async (...values) => {
        exitCode = await work(...values)
      },
  }
  prepare(program, io)
  for (const command of COMMANDS) program.addCommand(inherit(command(context), program))
  try {
    await program.parseAsync(normaliseOptions(args), { from: 'user' })
    return exitCode
  } catch (error) {
    return explainFailure(error, { ...io, err: text => io.err(context.advise(text)) })
  }
}

function prepare(program: Command, io: CliIo): void {
  program
    .description('A daemon that issues VOMS attribute certificates (ACs), and its tools.')
    .version(version(), '-V, --version', 'print the version')
    .option('-c, --config <file>', 'the configuration', DEFAULT_CONFIG)
    .option(
      '--voms-conf <path>',
      "a file of vomsd's options, or a folder of them, in place of or beside the configuration; may be given again",
      (path: string, before: readonly string[]) => [...before, path],
      [],
    )
    .option('--allow-old-node', 'run on a Node.js that is older than what vouchd asks for')
    .helpOption('-h, --help', 'this help')
    .helpCommand('help [command]', 'help for a command')
    .addHelpText('after', EXAMPLES + EXIT_CODES)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: text => io.out(text),
      writeErr: text => io.err(text),
      outputError: (text, write) => write(`${text.trimEnd().split('\n').map(printable).join('\n')}\n`),
    })
    .showHelpAfterError('(--help tells more)')
    .exitOverride()
}

/** With vomsd's files, the configuration is read only where it is named. */
function configSources(program: Command): ConfigSources {
  const { config, vomsConf } = namedSources(program)
  return { file: config ?? (vomsConf.length === 0 ? DEFAULT_CONFIG : undefined), vomsConf }
}

/** What of it was named on the command line. */
function namedSources(program: Command) {
  const { config, vomsConf } = program.opts<{ config: string; vomsConf: readonly string[] }>()
  const isNamed = program.getOptionValueSource('config') !== 'default'
  return { config: isNamed ? config : undefined, vomsConf }
}

/** Settings are copied when a command is made by its parent; ours are made on their own. */
function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent)
  for (const child of command.commands) inherit(child, command)
  return command
}

function explainFailure(error: unknown, io: CliIo): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  if (error instanceof CliError) {
    io.err(`vouchd: ${printable(error.message)}\n`)
    return error.exitCode
  }
  if (error instanceof ConfigError) {
    for (const fault of error.faults) io.err(`vouchd: ${printable(formatConfigFault(fault))}\n`)
    return EXIT.configuration
  }
  if (error instanceof DatabaseError) {
    const { message, advice } = error
    io.err(`vouchd: database: ${printable(advice === undefined ? message : `${message}; ${advice}`)}\n`)
    return EXIT.database
  }
  if (error instanceof SigningKeyFault || isSystemError(error)) {
    io.err(`vouchd: ${printable(error.message)}\n`)
    return EXIT.refused
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  io.err(`vouchd: this is a fault of vouchd itself, please report it:\n`)
  for (const line of text.split('\n')) io.err(`  ${printable(line)}\n`)
  return EXIT.internal
}

/** What the operating system refused: an address in use, a full disk. No fault of ours. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error
}
