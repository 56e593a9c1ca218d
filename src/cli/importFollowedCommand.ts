import { Command } from 'commander'
import { createFollower } from '../adopt/follower.ts'
import { followerOptions } from '../adopt/followerOptions.ts'
import { ImportError } from '../adopt/ImportError.ts'
import { SourceError } from '../adopt/SourceError.ts'
import type { FollowConfig } from '../config/types.ts'
import type { Database } from '../store/database.ts'
import { CliError } from './CliError.ts'
import type { CliContext, CliIo } from './context.ts'
import { EXIT, type ExitCode } from './exitCodes.ts'
import { formatImport, formatTurn } from './formatImport.ts'
import { printable } from './printable.ts'
import { selectVos } from './selectVos.ts'
import { withDatabase } from './withDatabase.ts'

const HELP = `
Looks once at the database of each VO that the configuration says is followed, and mirrors what it holds, as the daemon
does all the time. Done before the first start, it lets that start open its ports without reading everything first.
A source that cannot be read keeps no other VO from being mirrored; the exit code tells of it.

Example:
  vouchd import followed --voms-conf /etc/voms`

/** `vouchd import followed`: one look at every source that the configuration names. */
export function importFollowedCommand(context: CliContext): Command {
  return new Command('followed')
    .description('mirror once what the configuration says is followed (--voms-conf, or the key follow)')
    .option('--vo <name>', 'this VO alone')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(context.action((options: Arguments) => run(context, options)))
}

interface Arguments {
  readonly vo?: string
  readonly json?: true
}

async function run(context: CliContext, options: Arguments): Promise<ExitCode> {
  const { config } = context.loadConfig()
  const followed = selectVos(config, options.vo).flatMap(({ name, follow }) =>
    follow === undefined ? [] : [{ name, follow }],
  )
  if (followed.length === 0) {
    throw new CliError(
      EXIT.usage,
      'no VO of the configuration is followed: name vomsd files, or the key follow',
    )
  }
  return withDatabase(
    config,
    'owner',
    async db => {
      let code: ExitCode = EXIT.ok
      for (const { name, follow } of followed) {
        if (!(await lookOnce(name, follow, db, options, context.io))) code = EXIT.refused
      }
      return code
    },
    // Nobody else does before the daemon's first start.
    { migrateEmbedded: true },
  )
}

/** Whether the VO holds now what its source says. What keeps it from that is told. */
async function lookOnce(
  vo: string,
  follow: FollowConfig,
  db: Database,
  { json }: Arguments,
  { clock, out, err }: CliIo,
): Promise<boolean> {
  const follower = createFollower(followerOptions(vo, follow), {
    ...{ db, clock, monotonic: () => performance.now() },
    onTurn() {},
    onFailed() {},
  })
  try {
    const turn = await follower.look()
    const text = turn.result === undefined ? formatTurn(vo, turn) : formatImport(turn.result)
    out(json ? `${JSON.stringify({ vo, ...turn })}\n` : text)
    return true
  } catch (cause) {
    if (!(cause instanceof SourceError || cause instanceof ImportError)) throw cause
    const { code, message } = cause
    if (json) out(`${JSON.stringify({ vo, error: { code, message } })}\n`)
    err(`vouchd: ${printable(`${message} (${code}); VO ${vo} is as it was`)}\n`)
    return false
  } finally {
    await follower.close()
  }
}
