import { Command, CommanderError } from 'commander'
import { ConfigError, formatConfigFault } from '../config/ConfigError.ts'
import { type ConfigSources, loadConfig } from '../config/loadConfig.ts'
import { SigningKeyFault } from '../issue/sign/loadSigningKey.ts'
import { plainLine } from '../observe/plainLine.ts'
import { DatabaseError } from '../store/DatabaseError.ts'
import { CliError } from './CliError.ts'
import type { CliContext, CliIo } from './context.ts'
import { EXIT, type ExitCode } from './exitCodes.ts'
import { namingConfig } from './namingConfig.ts'
import { normaliseOptions } from './normaliseOptions.ts'
import { printable } from './printable.ts'
import { version } from './version.ts'

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

/** In the order of --help. Each is loaded with what it needs when it is asked for: the daemon's start waits for no other. */
const COMMANDS: Readonly<Record<string, () => Promise<(context: CliContext) => Command>>> = {
  serve: async () => (await import('./serveCommand.ts')).serveCommand,
  reload: async () => (await import('./reloadCommand.ts')).reloadCommand,
  status: async () => (await import('./statusCommand.ts')).statusCommand,
  check: async () => (await import('./checkCommand.ts')).checkCommand,
  migrate: async () => (await import('./migrateCommand.ts')).migrateCommand,
  backup: async () => (await import('./backupCommand.ts')).backupCommand,
  restore: async () => (await import('./restoreCommand.ts')).restoreCommand,
  import: async () => (await import('./importCommand.ts')).importCommand,
  vo: async () => (await import('./admin/voCommand.ts')).voCommand,
  member: async () => (await import('./memberCommand.ts')).memberCommand,
  cert: async () => (await import('./admin/certCommand.ts')).certCommand,
  group: async () => (await import('./admin/groupCommand.ts')).groupCommand,
  role: async () => (await import('./admin/roleCommand.ts')).roleCommand,
  attribute: async () => (await import('./admin/attributeCommand.ts')).attributeCommand,
  changes: async () => (await import('./admin/changesCommand.ts')).changesCommand,
  explain: async () => (await import('./explainCommand.ts')).explainCommand,
  compare: async () => (await import('./compareCommand.ts')).compareCommand,
  inspect: async () => (await import('./inspectCommand.ts')).inspectCommand,
  'proxy-init': async () => (await import('./proxyInitCommand.ts')).proxyInitCommand,
  'proxy-info': async () => (await import('./proxyInfoCommand.ts')).proxyInfoCommand,
  vomses: async () => (await import('./vomsesCommand.ts')).vomsesCommand,
  lsc: async () => (await import('./lscCommand.ts')).lscCommand,
  audit: async () => (await import('./auditCommand.ts')).auditCommand,
}

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
  try {
    const words = normaliseOptions(args)
    for (const command of await loadCommands(words, io))
      program.addCommand(inherit(command(context), program))
    await program.parseAsync(words, { from: 'user' })
    return exitCode
  } catch (error) {
    return explainFailure(error, { ...io, err: text => io.err(context.advise(text)) })
  }
}

/** The one that the arguments name; all of them for help, and to say what a word may have meant. */
async function loadCommands(words: string[], io: CliIo) {
  // A program of its own: options that may be given again would otherwise be there twice.
  const reader = new Command('vouchd')
  prepare(reader, io)
  const [name = ''] = reader.parseOptions(words).operands
  const asked = Object.hasOwn(COMMANDS, name) ? [COMMANDS[name]!] : Object.values(COMMANDS)
  return await Promise.all(asked.map(load => load()))
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
