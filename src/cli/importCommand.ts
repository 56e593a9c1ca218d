import { Command, Option } from 'commander'
import { flattenedKeyOfName, keyOfName } from '../../native-free/dn/keyOfName.ts'
import { openChangeLog } from '../adopt/changeLog.ts'
import { DumpError } from '../adopt/DumpError.ts'
import { choicesOf, DECISION_KINDS, DECISION_TITLES, type Decisions } from '../adopt/decisions.ts'
import type { DirectoryChange } from '../adopt/directoryChanges.ts'
import { openDump } from '../adopt/dumpSource.ts'
import { endFollow } from '../adopt/endFollow.ts'
import type { FoundItem } from '../adopt/findings.ts'
import { createFollower } from '../adopt/follower.ts'
import { ImportError } from '../adopt/ImportError.ts'
import { IAM } from '../adopt/iam.ts'
import { type ImportResult, importSource } from '../adopt/importSource.ts'
import { type MysqlAddress, parseMysqlUrl, withLocalSocket } from '../adopt/mysqlAddress.ts'
import { openMysql } from '../adopt/mysqlDatabase.ts'
import type { RowSource } from '../adopt/RowSource.ts'
import { readPasswordFile } from '../adopt/readPasswordFile.ts'
import { SourceError } from '../adopt/SourceError.ts'
import type { SourceKind } from '../adopt/SourceKind.ts'
import { VOMS_ADMIN } from '../adopt/vomsAdmin.ts'
import { loadTrustDirectory, NOTHING_LOADED } from '../authenticate/trust/loadTrustDirectory.ts'
import { checkInputFile, FileProblem } from '../check/readInputFile.ts'
import type { Clock } from '../clock.ts'
import { VO_NAME } from '../config/schema.ts'
import type { Config } from '../config/types.ts'
import type { ResolutionMode } from '../resolve/types.ts'
import { DatabaseError } from '../store/DatabaseError.ts'
import type { Database } from '../store/database.ts'
import { CliError } from './CliError.ts'
import type { CliContext } from './context.ts'
import { EXIT, type ExitCode } from './exitCodes.ts'
import { formatChange, formatImport, formatTurn } from './formatImport.ts'
import { importFollowedCommand } from './importFollowedCommand.ts'
import { importProgress } from './importProgress.ts'
import { printable } from './printable.ts'
import { withDatabase } from './withDatabase.ts'

const ABOUT = `
All of it is imported or, on any error, nothing. A newer dump, or the same database again, brings the VO up to date.
The report tells what came of it, and what is odd in the source with how it was decided (--on-...); --dry-run reports
the same, with the difference to what is there, and changes nothing. Needs \`vouchd migrate\` before.

With --follow the VO is mirrored: the database is looked at every so often, and what changed is brought over, until
SIGTERM. Changing that VO otherwise is refused then, until \`vouchd import end-follow\`.
`

const VOMS_ADMIN_HELP = `
Brings members, certificates, groups, roles and attributes of a VOMS Admin database (schema 2 or 3) into one VO: from a
dump that mysqldump wrote, read without any MySQL, or from the live database. Ends of memberships are kept, but refuse
nobody unless that is decided.
${ABOUT}
Examples:
  mysqldump voms_vo_example > dump.sql      on the old server
  vouchd import voms-admin dump.sql --vo vo.example --dry-run
  vouchd import voms-admin --from mysql://voms@db.example/voms_vo --password-file /etc/vouchd/voms.pass --vo vo.example --follow 10`

const IAM_HELP = `
Brings accounts, certificates, groups, roles and attributes of an INDIGO IAM database into one VO: groups labelled
voms.role become roles, those labelled wlcg.optional-group optional groups, inactive accounts suspended members. The VO
then resolves as IAM does, signed policy included, unless --resolution says otherwise. Passwords, tokens and keys are
left where they are.
${ABOUT}
Examples:
  mysqldump iam > dump.sql                  on the old server
  vouchd import iam dump.sql --vo vo.example --dry-run
  vouchd import iam --from mysql://iam@db.example/iam --password-file /etc/vouchd/iam.pass --vo vo.example`

const END_HELP = `
What was mirrored stays, and is administered here from now on. A daemon that is configured to follow the VO takes it up
again: remove that first.

Example:
  vouchd import end-follow --vo vo.example`

type Arguments = {
  readonly vo: string
  readonly from?: string
  readonly host?: string
  readonly port?: string
  readonly socket?: string
  readonly database?: string
  readonly user?: string
  readonly passwordFile?: string
  readonly dryRun?: true
  readonly resolution?: ResolutionMode
  readonly log?: string
  readonly follow?: string
  readonly json?: true
} & Readonly<Record<string, unknown>>

/** `vouchd import`: members from other servers' databases. */
export function importCommand(context: CliContext): Command {
  const end = new Command('end-follow')
    .description('end the mirroring of a VO: it is administered here from now on')
    .requiredOption('--vo <name>', 'the VO')
    .addHelpText('after', END_HELP)
    .action(context.action((options: { vo: string }) => runEndFollow(context, options.vo)))
  return new Command('import')
    .description("import another server's members, or mirror them")
    .addCommand(kindCommand(context, VOMS_ADMIN, VOMS_ADMIN_HELP))
    .addCommand(kindCommand(context, IAM, IAM_HELP))
    .addCommand(importFollowedCommand(context))
    .addCommand(end)
}

function kindCommand(context: CliContext, kind: SourceKind, help: string): Command {
  const command = new Command(kind.name)
    .description(`import the database of ${kind.title}, from a mysqldump or live`)
    .argument('[file]', 'the dump, uncompressed')
    .requiredOption('--vo <name>', 'the VO')
    .option('--from <url>', 'a live database: mysql://USER@HOST[:PORT]/DATABASE')
    .option('--host <host>', 'or by its parts: the host')
    .option('--port <port>', 'its port; 3306 when absent')
    .option('--socket <path>', 'its Unix socket')
    .option('--database <name>', 'the database')
    .option('--user <name>', 'as whom to read it')
    .option('--password-file <file>', 'a file whose first line is the password')
    .option('--dry-run', 'report what would change, and change nothing')
    .addOption(
      new Option('--resolution <rules>', 'whose rules resolve requests of this VO from now on').choices([
        'vomsd',
        'iam',
      ]),
    )
    .option('--log <file>', 'append every change with its reason to a file, a JSON line each')
    .option('--follow <seconds>', 'keep mirroring the live database, looking at it every so often')
    .option('--json', 'print JSON')
  for (const decision of DECISION_KINDS) {
    const choices = choicesOf(kind.name, decision)
    command.addOption(
      new Option(`--on-${decision} <how>`, `what to do about ${DECISION_TITLES[decision]}`)
        .choices(choices)
        .default(choices[0]),
    )
  }
  return command
    .addHelpText('after', help)
    .action(
      context.action((file: string | undefined, options: Arguments) => run(context, kind, file, options)),
    )
}

function decisionsOf(kind: SourceKind, options: Arguments): Partial<Decisions> {
  const named = (decision: string) =>
    `on${decision.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())}`
  const chosen = DECISION_KINDS.map(decision => [decision, options[named(decision)]] as const)
  return Object.fromEntries(chosen.filter(([decision, how]) => how !== choicesOf(kind.name, decision)[0]))
}

async function run(
  context: CliContext,
  kind: SourceKind,
  file: string | undefined,
  options: Arguments,
): Promise<ExitCode> {
  const { io } = context
  const config = context.loadConfig().config
  if (!VO_NAME.test(options.vo)) throw new CliError(EXIT.usage, `${options.vo} is no name of a VO`)
  if (!config.vos.some(vo => vo.name === options.vo)) {
    io.err(`vouchd: note: VO ${printable(options.vo)} is not in the configuration, so it is not served yet\n`)
  }
  const everySeconds = followSeconds(file, options)
  const address = file === undefined ? addressOf(options) : undefined
  if (file !== undefined && addressOptions(options).length > 0) {
    throw new CliError(EXIT.usage, `${file} or ${addressOptions(options)[0]}: name one source`)
  }
  return everySeconds === undefined
    ? importOnce(context, config, kind, file, address, options)
    : follow(context, config, kind, address!, everySeconds, options)
}

function addressOptions(options: Arguments): string[] {
  const names = ['from', 'host', 'port', 'socket', 'database', 'user', 'passwordFile'] as const
  return names
    .filter(name => options[name] !== undefined)
    .map(name => `--${name === 'passwordFile' ? 'password-file' : name}`)
}

function followSeconds(file: string | undefined, options: Arguments): number | undefined {
  const { follow, dryRun } = options
  if (follow === undefined) return undefined
  if (!/^[1-9][0-9]{0,4}$/.test(follow)) {
    throw new CliError(EXIT.usage, `--follow ${follow}: write whole seconds from 1 to 99999`)
  }
  if (file !== undefined)
    throw new CliError(EXIT.usage, '--follow needs a live database: a dump never changes')
  if (dryRun) throw new CliError(EXIT.usage, '--follow and --dry-run do not go together')
  if (options['onUntrustedCa'] !== 'keep') {
    throw new CliError(
      EXIT.usage,
      '--follow mirrors certificates of all CAs, and nobody passes with those of one that is not trusted: leave out --on-untrusted-ca',
    )
  }
  return Number(follow)
}

function addressOf(options: Arguments): MysqlAddress {
  const { from, host, port, socket, database, user, passwordFile } = options
  try {
    const password = passwordFile === undefined ? undefined : readPasswordFile(passwordFile)
    if (from !== undefined) {
      if (host ?? port ?? socket ?? database ?? user) {
        throw new CliError(EXIT.usage, '--from says where the database is: leave out its parts')
      }
      const address = parseMysqlUrl(from)
      return { ...address, password: password ?? address.password }
    }
    if (database === undefined || user === undefined) {
      throw new CliError(EXIT.usage, 'name a dump, or a live database by --from, or by --database and --user')
    }
    if (port !== undefined && !/^[1-9][0-9]{0,4}$/.test(port)) {
      throw new CliError(EXIT.usage, `--port ${port} is no port`)
    }
    const place = { host: host ?? 'localhost', port: Number(port ?? 3306), socket }
    return { ...place, database, user, password, tls: 'off' }
  } catch (cause) {
    if (cause instanceof SourceError) throw new CliError(EXIT.usage, cause.message)
    throw cause
  }
}

// Beyond this a difference is read in the log rather than on a screen.
const SHOWN_CHANGES = 50

async function importOnce(
  { io }: CliContext,
  config: Config,
  kind: SourceKind,
  file: string | undefined,
  address: MysqlAddress | undefined,
  options: Arguments,
): Promise<ExitCode> {
  const { vo, dryRun = false, resolution } = options
  const decisions = decisionsOf(kind, options)
  const trustedCas = await readTrustedCas(config, io.clock)
  if (trustedCas.length === 0 && (decisions['untrusted-ca'] ?? 'keep') !== 'keep') {
    throw new CliError(
      EXIT.refused,
      `--on-untrusted-ca ${decisions['untrusted-ca']}: there is no CA in ${config.trust.directory}, so none can be told from the others; nothing was changed. vouchd check says what is wrong there`,
    )
  }
  const log = options.log === undefined ? undefined : openChangeLog(options.log)
  const shown: DirectoryChange[] = []
  let isMore = false
  const keep = (change: DirectoryChange) => {
    isMore = shown.length === SHOWN_CHANGES
    if (!isMore) shown.push(change)
    // A large VO has a million of them, which nobody reads where there is no log.
    return log === undefined ? (isMore ? 'enough' : undefined) : log.add(logged(change, vo, dryRun))
  }
  const progress = importProgress(io)
  const result = await withDatabase(config, 'owner', async db => {
    const source = await open(kind, file, address)
    try {
      return await importSource(source.rows, kind, vo, db, {
        ...{ clock: io.clock, dryRun, decisions, trustedCas, onProgress: progress.show },
        ...(resolution && { resolution }),
        // Without anybody to tell, the changes are not even listed.
        ...((log !== undefined || dryRun) && { onChange: keep }),
        ...(log !== undefined && { onFound: item => log.add(loggedFound(item, vo, dryRun)) }),
      })
    } catch (cause) {
      await log?.discard()
      throw explain(file, cause)
    } finally {
      progress.end()
      source.close()
    }
  }).catch(cause => {
    throw explain(file, cause)
  })
  await log?.commit()
  if (options.json) io.out(`${JSON.stringify({ ...result, difference: shown }, undefined, 2)}\n`)
  else io.out(formatImport(result) + formatDifference(result, shown, isMore))
  return EXIT.ok
}

/** Canonical names of the CAs in the trust directory; none where it cannot be read, which check tells. */
async function readTrustedCas(config: Config, clock: Clock): Promise<string[]> {
  const { snapshot } = await loadTrustDirectory(config.trust.directory, NOTHING_LOADED, { clock })
  return snapshot.cas.flatMap(({ certificate: { subject } }) =>
    [keyOfName(subject), flattenedKeyOfName(subject)].filter(key => key !== undefined),
  )
}

function formatDifference(
  { dryRun }: ImportResult,
  shown: readonly DirectoryChange[],
  isMore: boolean,
): string {
  if (!dryRun || shown.length === 0) return ''
  const more = isMore ? '  ... and more: --log FILE has all of them\n' : ''
  return `difference to what is there\n${shown.map(formatChange).join('')}${more}`
}

function logged(change: DirectoryChange, vo: string, dryRun: boolean): Readonly<Record<string, unknown>> {
  return { vo, ...(dryRun && { dryRun }), ...change }
}

function loggedFound(
  { kind, what, decided, meaning }: FoundItem,
  vo: string,
  dryRun: boolean,
): Readonly<Record<string, unknown>> {
  return { vo, ...(dryRun && { dryRun }), action: 'decide', kind, what, decided, reason: meaning }
}

async function open(
  kind: SourceKind,
  file: string | undefined,
  address: MysqlAddress | undefined,
): Promise<{ rows: RowSource; close(): void }> {
  if (file !== undefined) {
    checkInputFile(file)
    return { rows: await openDump(file), close() {} }
  }
  const database = await openMysql(withLocalSocket(address!))
  await database.snapshot()
  const tables = [...database.tables.keys()].filter(kind.keeps)
  return { rows: database.source(tables.map(table => ({ table }))), close: () => database.close() }
}

function explain(file: string | undefined, cause: unknown): unknown {
  if (cause instanceof FileProblem) {
    return new CliError(EXIT.refused, `${file} ${cause.message}; ${cause.advice}`)
  }
  if (cause instanceof DumpError || cause instanceof ImportError || cause instanceof SourceError) {
    const place = file === undefined ? '' : `${file}: `
    return new CliError(EXIT.refused, `${place}${cause.message} (${cause.code}); nothing was changed`)
  }
  return cause
}

/** Looks at the database until the process is asked to end. The first look has to succeed. */
async function follow(
  { io }: CliContext,
  config: Config,
  kind: SourceKind,
  address: MysqlAddress,
  everySeconds: number,
  options: Arguments,
): Promise<ExitCode> {
  const { vo, resolution } = options
  const log = options.log === undefined ? undefined : openChangeLog(options.log)
  const decisions = decisionsOf(kind, options)
  const follower = (db: Database) =>
    createFollower(
      { kind, vo, address: () => address, everySeconds, decisions, ...(resolution && { resolution }) },
      {
        ...{ db, clock: io.clock, monotonic: () => performance.now() },
        onTurn: turn => {
          void log?.commit()
          if (turn.kind !== 'unchanged')
            io.out(options.json ? `${JSON.stringify(turn)}\n` : formatTurn(vo, turn))
        },
        onFailed: cause => {
          void log?.discard()
          io.err(`vouchd: ${printable(describeFailure(cause))}; trying again in ${everySeconds} s\n`)
        },
        ...(log !== undefined && {
          onChange: change => log.add(logged(change, vo, false)),
          onFound: item => log.add(loggedFound(item, vo, false)),
        }),
      },
    )
  await withDatabase(config, 'owner', async db => {
    const following = follower(db)
    try {
      const first = await following.look().catch(async cause => {
        await log?.discard()
        throw explain(undefined, cause)
      })
      await log?.commit()
      const whole = first.result === undefined ? '' : formatImport(first.result)
      io.out(options.json ? `${JSON.stringify(first)}\n` : `${whole}${formatTurn(vo, first)}`)
      following.start()
      await io.stopped()
    } finally {
      await following.close()
    }
  })
  return EXIT.ok
}

function describeFailure(cause: unknown): string {
  if (cause instanceof SourceError || cause instanceof ImportError) return `${cause.message} (${cause.code})`
  return cause instanceof DatabaseError ? `database: ${cause.message}` : String(cause)
}

async function runEndFollow({ io, loadConfig }: CliContext, vo: string): Promise<ExitCode> {
  const config = loadConfig().config
  const source = await withDatabase(config, 'owner', db =>
    db.transaction(async tx => {
      await tx.query(`select set_config('vouchd.actor', 'import end-follow', true)`)
      return endFollow(tx, vo)
    }),
  )
  if (source === undefined) throw new CliError(EXIT.refused, `VO ${vo} is not followed from anywhere`)
  io.out(`VO ${printable(vo)} is not followed from ${printable(source)} any more\n`)
  return EXIT.ok
}
