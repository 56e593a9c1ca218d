import type { Command } from 'commander'
import { AdminError } from '../../admin/AdminError.ts'
import type { Author } from '../../admin/changeVo.ts'
import { checkText } from '../../admin/nameRules.ts'
import type { Config } from '../../config/types.ts'
import type { Database } from '../../store/database.ts'
import { CliError } from '../CliError.ts'
import type { CliContext } from '../context.ts'
import { EXIT, type ExitCode } from '../exitCodes.ts'
import { printable } from '../printable.ts'
import { withDatabase } from '../withDatabase.ts'

/** Options of every command that changes members. */
export interface ChangeOptions {
  readonly reason?: string
  readonly as?: string
  readonly dryRun?: true
  readonly json?: true
}

export interface RemovalOptions extends ChangeOptions {
  readonly yes?: true
}

export function withChangeOptions(command: Command): Command {
  return command
    .option('--reason <text>', 'why, for the record of changes')
    .option('--as <name>', 'who decided it, beside the user who types it')
    .option('--dry-run', 'say what would come of it, and change nothing')
    .option('--json', 'print JSON')
}

export function withRemovalOptions(command: Command): Command {
  return withChangeOptions(command.option('--yes', 'do not ask'))
}

type Work<T> = (db: Database, author: Author, config: Config) => Promise<T>

/** Runs a command that changes something: as the database's owner, in the user's name. */
export function runChange<T extends object>(
  context: CliContext,
  options: ChangeOptions,
  work: Work<T>,
  say: (result: T) => readonly string[],
): Promise<ExitCode> {
  return run(context, options, 'owner', async (db, config) => {
    print(context, options, await work(db, authorOf(context, options), config), say)
  })
}

export interface RemovalTexts<T> {
  /** What would go, as a sentence without its end; undefined: nobody needs to be asked. */
  readonly ask: (result: T) => string | undefined
  readonly say: (result: T) => readonly string[]
}

/** The same for a removal: tried first, to say what goes along, then asked about, then done. */
export function runRemoval<T extends object>(
  context: CliContext,
  options: RemovalOptions,
  work: Work<T>,
  { ask, say }: RemovalTexts<T>,
): Promise<ExitCode> {
  return run(context, options, 'owner', async (db, config) => {
    const author = authorOf(context, options)
    if (!options.yes && !options.dryRun) {
      const question = ask(await work(db, { ...author, dryRun: true }, config))
      if (question !== undefined) await confirm(context, question)
    }
    print(context, options, await work(db, author, config), say)
  })
}

async function confirm(context: CliContext, what: string): Promise<void> {
  const answer = await context.io.confirm(`${printable(what)}. Do it? [y/N] `)
  if (answer === undefined) throw new CliError(EXIT.refused, `${what}; say --yes to do it`)
  if (!answer) throw new CliError(EXIT.refused, 'nothing was changed')
}

/** Runs a command that only reads. */
export function runRead<T>(
  context: CliContext,
  options: { readonly json?: true },
  work: (db: Database, config: Config) => Promise<T>,
  format: (result: T) => string,
): Promise<ExitCode> {
  return run(context, options, 'command', async (db, config) => {
    const result = await work(db, config)
    context.io.out(options.json ? `${JSON.stringify(result, undefined, 2)}\n` : format(result))
  })
}

/** Runs `work` over the configured database, AdminErrors told as people or programs want them. */
export async function run(
  context: CliContext,
  options: { readonly json?: true },
  mode: 'command' | 'owner',
  work: (db: Database, config: Config) => Promise<void>,
): Promise<ExitCode> {
  const config = context.loadConfig().config
  try {
    await withDatabase(config, mode, db => work(db, config))
    return EXIT.ok
  } catch (cause) {
    if (!(cause instanceof AdminError)) throw cause
    tellFaults(context, options, cause)
    throw toCliError(cause)
  }
}

export function toCliError({ message, advice }: AdminError): CliError {
  return new CliError(EXIT.refused, `${message}; ${advice}`)
}

const SHOWN_FAULTS = 50

function tellFaults({ io }: CliContext, { json }: { readonly json?: true }, { faults }: AdminError): void {
  if (faults.length === 0) return
  if (json) {
    io.out(`${JSON.stringify({ faults }, undefined, 2)}\n`)
    return
  }
  for (const { place, message, advice } of faults.slice(0, SHOWN_FAULTS)) {
    io.err(`${printable(`${place}: ${message}; ${advice}`)}\n`)
  }
  const rest = faults.length - SHOWN_FAULTS
  if (rest > 0) io.err(`... and ${rest} more (--json shows all)\n`)
}

function authorOf({ io }: CliContext, { reason, as, dryRun }: ChangeOptions): Author {
  try {
    for (const text of [reason, as]) if (text !== undefined) checkText('the text', text)
  } catch (cause) {
    if (cause instanceof AdminError) throw toCliError(cause)
    throw cause
  }
  const actor = as === undefined ? io.operator : `${as} (by ${io.operator})`
  return { actor, dryRun: dryRun ?? false, ...(reason === undefined ? {} : { reason }) }
}

function print<T extends object>(
  { io }: CliContext,
  { json, dryRun }: ChangeOptions,
  result: T,
  say: (result: T) => readonly string[],
): void {
  if (json) {
    io.out(`${JSON.stringify({ dryRun: dryRun ?? false, ...result }, undefined, 2)}\n`)
    return
  }
  if (dryRun) io.out('dry run, nothing was changed; it would be:\n')
  for (const line of say(result)) io.out(`${printable(line)}\n`)
}

/** The VO that was named, or the only one of the configuration. Throws CliError. */
export function voOf(config: Config, name: string | undefined): string {
  if (name !== undefined) return name
  const [only, second] = config.vos
  if (only !== undefined && second === undefined) return only.name
  const known = config.vos.map(vo => vo.name).join(', ')
  throw new CliError(EXIT.usage, `name the VO with --vo; the configuration has: ${known}`)
}

/** Does `parse` with an option's text; its AdminError is an error of usage. */
export function fromOption<T>(option: string, parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    if (!(cause instanceof AdminError)) throw cause
    throw new CliError(EXIT.usage, `${option}: ${cause.message}; ${cause.advice}`)
  }
}

/** Fields as their options are called: endsAt as "until", givenName as "given-name". */
export function asOptions(fields: readonly string[]): string {
  const named = fields.map(field => (field === 'endsAt' ? 'until' : field))
  return named.map(name => name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)).join(', ')
}
